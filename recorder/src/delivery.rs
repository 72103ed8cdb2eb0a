//! Batches on their way to the sink: kept until it has them (law 6), within a bound; what the bound costs is declared.

mod join;
mod weight;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use bc_schema::{Batch, Closes, Loss, LossReason, ProcessExec, Resolution};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};

use self::weight::{facts, samples};
use crate::capacities::Capacities;
use crate::sink::{Sink, SinkError};
use crate::status::Waiting;

/// Batches handed over at once after a pause.
const AT_ONCE: usize = 60;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often the log says again that records wait.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// The waiting line between the recorder, which never waits, and the sink, which may.
pub(crate) struct Delivery {
    queue: std::sync::Mutex<Queue>,
    arrived: Notify,
    closed: Notify,
    /// What the execs of the next batch count as.
    coming: AtomicUsize,
    delivered: watch::Sender<u64>,
    recorder_ns: u64,
    waiting_samples: usize,
    waiting_batches: usize,
}

#[derive(Default)]
struct Queue {
    batches: VecDeque<Batch>,
    samples: usize,
    /// Samples that the sink is being asked to take.
    offered: usize,
    facts: usize,
    pushed: u64,
    /// Of each batch in line, the number of the last one that went into it.
    numbers: VecDeque<u64>,
    /// The same of those that the sink is being asked to take.
    offered_numbers: Vec<u64>,
    closed: bool,
    /// The sink takes nothing; absent: it does.
    refusal: Option<Refusal>,
}

/// A sink that is not ready, and what that has cost so far.
struct Refusal {
    since_ns: u64,
    told: Instant,
    why: String,
    shed: u64,
}

impl Delivery {
    /// An empty line.
    pub(crate) fn new(recorder_ns: u64, capacities: &Capacities) -> Arc<Self> {
        Arc::new(Self {
            queue: Default::default(),
            arrived: Notify::new(),
            closed: Notify::new(),
            coming: AtomicUsize::new(0),
            delivered: watch::Sender::new(0),
            recorder_ns,
            waiting_samples: capacities.waiting_samples,
            waiting_batches: capacities.waiting_batches,
        })
    }

    /// Puts a batch in line and returns its number.
    pub(crate) fn push(&self, batch: Batch) -> u64 {
        let mut queue = self.lock();
        queue.samples += batch.samples.len();
        queue.facts += facts(&batch);
        self.coming.store(0, Ordering::Relaxed);
        queue.batches.push_back(batch);
        queue.pushed += 1;
        let number = queue.pushed;
        queue.numbers.push_back(number);
        self.shed(&mut queue);
        drop(queue);
        self.arrived.notify_one();
        number
    }

    /// The number of the last batch put in line.
    pub(crate) fn pushed(&self) -> u64 {
        self.lock().pushed
    }

    /// Facts of processes in line, and the execs that will come with the next batch. Whoever makes more sees to it that they do not become
    /// too many.
    pub(crate) fn facts(&self) -> usize {
        self.lock().facts + self.coming.load(Ordering::Relaxed)
    }

    /// An exec will come with the next batch.
    pub(crate) fn expect(&self, exec: &ProcessExec) {
        self.coming.fetch_add(weight::exec(exec), Ordering::Relaxed);
    }

    /// No more will come: [`Delivery::run`] ends when the line is empty.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
        self.closed.notify_one();
    }

    /// The number of the last batch that the sink has.
    pub(crate) fn delivered(&self) -> watch::Receiver<u64> {
        self.delivered.subscribe()
    }

    /// Hands over until closed and empty.
    pub(crate) async fn run(&self, sink: Arc<dyn Sink>) {
        let mut pause = FIRST_PAUSE;
        loop {
            let (batches, closed) = self.take();
            if batches.is_empty() {
                if closed {
                    return;
                }
                self.arrived.notified().await;
                continue;
            }
            match sink.deliver(batches.clone()).await {
                Ok(()) => {
                    pause = FIRST_PAUSE;
                    self.done();
                    self.accepted();
                }
                Err(SinkError::Later(why)) => {
                    self.put_back(batches);
                    self.refused(why);
                    tokio::select! {
                        () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                        // Who waits for the end does not wait for the longest pause.
                        () = self.closing() => sleep(FIRST_PAUSE).await,
                    }
                }
                Err(SinkError::Never(why)) => {
                    tracing::error!(
                        why,
                        batches = batches.len(),
                        "records refused: they are lost"
                    );
                    let count = batches
                        .iter()
                        .map(|batch| batch.samples.len().max(1) as u64)
                        .sum();
                    let loss = batches
                        .last()
                        .map(|last| self.loss(last, LossReason::StoreRefused, count));
                    self.done();
                    // The loss itself may be refused too; then nothing more can be said of it here than the log does.
                    if let (Some(loss), false) =
                        (loss, batches.iter().all(|batch| batch.samples.is_empty()))
                    {
                        let host = loss.host.clone();
                        self.push(Batch {
                            host,
                            until_ns: loss.second_ns,
                            losses: vec![loss],
                            ..Batch::default()
                        });
                    }
                }
            }
        }
    }

    /// What waits because the sink takes nothing; `None`: it takes what comes.
    pub(crate) fn waiting(&self) -> Option<Waiting> {
        let queue = self.lock();
        let refusal = queue.refusal.as_ref()?;
        Some(Waiting {
            since_ns: refusal.since_ns,
            why: refusal.why.clone(),
            samples: (queue.samples + queue.offered) as u64,
            room_samples: self.waiting_samples as u64,
            shed_samples: refusal.shed,
        })
    }

    /// Says at once that records wait, and again each minute.
    fn refused(&self, why: String) {
        let mut queue = self.lock();
        let known = queue.refusal.take();
        let due = known
            .as_ref()
            .is_none_or(|refusal| refusal.told.elapsed() >= TELL_EVERY);
        let now = Instant::now();
        let refusal = Refusal {
            since_ns: known
                .as_ref()
                .map_or_else(realtime_ns, |refusal| refusal.since_ns),
            told: known
                .as_ref()
                .filter(|_| !due)
                .map_or(now, |refusal| refusal.told),
            shed: known.map_or(0, |refusal| refusal.shed),
            why,
        };
        if due {
            tracing::warn!(
                why = refusal.why,
                waiting_samples = queue.samples,
                room_samples = self.waiting_samples,
                lost_samples = refusal.shed,
                "records wait in memory: they are lost if this process is killed before the store takes them"
            );
        }
        queue.refusal = Some(refusal);
    }

    fn accepted(&self) {
        if let Some(refusal) = self.lock().refusal.take() {
            let waited_s = realtime_ns().saturating_sub(refusal.since_ns) / 1_000_000_000;
            tracing::info!(
                waited_s,
                lost_samples = refusal.shed,
                "records are stored again"
            );
        }
    }

    async fn closing(&self) {
        while !self.lock().closed {
            self.closed.notified().await;
        }
    }

    /// Takes the oldest batches out of the line.
    fn take(&self) -> (Arc<[Batch]>, bool) {
        let mut queue = self.lock();
        let count = queue.batches.len().min(AT_ONCE);
        let batches: Arc<[Batch]> = queue.batches.drain(..count).collect();
        queue.offered_numbers = queue.numbers.drain(..count).collect();
        queue.offered = samples(&batches);
        queue.samples -= queue.offered;
        queue.facts -= batches.iter().map(facts).sum::<usize>();
        (batches, queue.closed)
    }

    /// Puts batches back that were not taken over, in their order.
    fn put_back(&self, mut batches: Arc<[Batch]>) {
        // Who refused them has let go of them, so none is copied.
        let batches: Vec<Batch> = match Arc::get_mut(&mut batches) {
            Some(own) => own.iter_mut().map(std::mem::take).collect(),
            None => batches.to_vec(),
        };
        let mut queue = self.lock();
        queue.samples += samples(&batches);
        queue.offered = 0;
        queue.facts += batches.iter().map(facts).sum::<usize>();
        for batch in batches.into_iter().rev() {
            queue.batches.push_front(batch);
        }
        for number in std::mem::take(&mut queue.offered_numbers).into_iter().rev() {
            queue.numbers.push_front(number);
        }
        self.shed(&mut queue);
    }

    /// The batches taken are with the sink, or lost.
    fn done(&self) {
        let mut queue = self.lock();
        queue.offered = 0;
        let last = queue.offered_numbers.pop();
        drop(queue);
        if let Some(last) = last {
            self.delivered.send_replace(last);
        }
    }

    /// Over the bound, the oldest batches give up samples of processes that go on: first those between, then the last of each minute. Facts, finals
    /// and losses stay, and too many batches become fewer.
    fn shed(&self, queue: &mut Queue) {
        for keeps in [Closes::any, |closes| closes == Closes::ALL] {
            let mut index = 0;
            while queue.samples > self.waiting_samples && index < queue.batches.len() {
                let batch = &mut queue.batches[index];
                let before = batch.samples.len();
                batch.samples.retain(|sample| keeps(sample.closes));
                let gone = before - batch.samples.len();
                if gone > 0 {
                    let loss = self.loss(batch, LossReason::SamplesMissed, gone as u64);
                    batch.losses.push(loss);
                    queue.samples -= gone;
                    if let Some(refusal) = &mut queue.refusal {
                        refusal.shed += gone as u64;
                    }
                }
                index += 1;
            }
        }
        while queue.batches.len() > self.waiting_batches
            && let (Some(earlier), Some(later)) =
                (queue.batches.pop_front(), queue.batches.pop_front())
        {
            queue.batches.push_front(join::join(earlier, later));
            queue.numbers.pop_front();
        }
    }

    fn loss(&self, batch: &Batch, reason: LossReason, count: u64) -> Loss {
        Loss {
            host: batch.host.clone(),
            recorder_ns: self.recorder_ns,
            container: None,
            second_ns: Resolution::Second.bucket_ns(batch.until_ns),
            reason,
            count,
            cpu_ns: 0,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn realtime_ns() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as u64)
}
