//! The reference store: every fact as it came, every answer computed from all of them. Slow, in memory, and plain to see through;
//! the conformance suite holds the other stores to what it says.

mod cpus;
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bc_schema::store::{LifeSpan, PruneOrder, PruneStore, StoreError, WriteStore};
use bc_schema::usage::BucketEnd;
use bc_schema::{
    Batch, Container, ContainerId, LifeKey, Loss, LossReason, ProcessEnd, ProcessExec, ProcessId,
    ProcessStart, Resolution,
};

use crate::cell::Cell;
use crate::facts::{self, Window};

/// A store that forgets everything when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    books: Mutex<Books>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // A panic between two facts leaves each fact whole, so what is there can still be read.
        self.books
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[derive(Debug, Default)]
struct Books {
    lives: BTreeMap<LifeKey, Life>,
    processes: BTreeMap<ProcessId, Process>,
    losses: BTreeMap<LossKey, Loss>,
}

#[derive(Debug, Default)]
struct Life {
    stated: Option<Container>,
    /// For each resolution, where its rows begin: what was before is pruned.
    floors_ns: [u64; 4],
    /// When it was last seen whole; 0: never.
    seen_ns: u64,
}

#[derive(Debug, Default)]
struct Process {
    starts: BTreeMap<ContainerId, ProcessStart>,
    execs: BTreeMap<u64, ProcessExec>,
    ends: Vec<ProcessEnd>,
    /// By epoch and time.
    samples: BTreeMap<(u64, u64), Cell>,
    cpus: cpus::Cpus,
}

/// A process in one container.
struct Account<'a> {
    process: &'a Process,
    start: &'a ProcessStart,
    window: Window,
}

/// Second, reason, recorder, host, container: the order of answers.
type LossKey = (u64, LossReason, u64, String, Option<ContainerId>);

impl Books {
    fn write(&mut self, batch: &Batch) {
        for container in &batch.containers {
            let stated = &mut self.lives.entry(container.life.clone()).or_default().stated;
            if stated
                .as_ref()
                .is_none_or(|old| facts::container_order(old, container).is_lt())
            {
                *stated = Some(container.clone());
            }
        }
        for start in &batch.starts {
            self.lives.entry(start.life.clone()).or_default();
            let starts = &mut self.processes.entry(start.process).or_default().starts;
            let known = starts
                .entry(start.life.container.clone())
                .or_insert_with(|| start.clone());
            if facts::start_order(known, start).is_lt() {
                *known = start.clone();
            }
        }
        for (life, seen_ns) in &batch.seen {
            let known = &mut self.lives.entry(life.clone()).or_default().seen_ns;
            *known = (*known).max(*seen_ns);
        }
        for exec in &batch.execs {
            let execs = &mut self.processes.entry(exec.process).or_default().execs;
            let known = execs.entry(exec.at_ns).or_insert_with(|| exec.clone());
            if facts::exec_order(known, exec).is_lt() {
                *known = exec.clone();
            }
        }
        for sample in &batch.samples {
            let samples = &mut self.processes.entry(sample.process).or_default().samples;
            let cell = Cell::of(sample);
            samples
                .entry((sample.epoch_ns, sample.at_ns))
                .and_modify(|known| known.merge(&cell))
                .or_insert(cell);
        }
        for total in &batch.cpus {
            self.processes
                .entry(total.process)
                .or_default()
                .take_cpu(total);
        }
        for end in &batch.ends {
            self.processes
                .entry(end.process)
                .or_default()
                .ends
                .push(end.clone());
        }
        for loss in &batch.losses {
            let second_ns = Resolution::Second.bucket_ns(loss.second_ns);
            let key = (
                second_ns,
                loss.reason,
                loss.recorder_ns,
                loss.host.clone(),
                loss.container.clone(),
            );
            let known = self.losses.entry(key).or_insert_with(|| Loss {
                second_ns,
                ..loss.clone()
            });
            known.count = known.count.max(loss.count);
            known.cpu_ns = known.cpu_ns.max(loss.cpu_ns);
        }
    }

    fn accounts(&self) -> impl Iterator<Item = Account<'_>> {
        self.processes.values().flat_map(Process::accounts)
    }

    fn life_accounts<'a>(&'a self, life: &LifeKey) -> Vec<Account<'a>> {
        self.accounts()
            .filter(|account| account.start.life == *life)
            .collect()
    }

    fn last_record_ns(&self, life: &LifeKey) -> u64 {
        let ended_ns = self.lives[life]
            .stated
            .as_ref()
            .and_then(|container| container.ended_ns);
        let records = self
            .life_accounts(life)
            .into_iter()
            .map(|account| account.last_record_ns());
        records
            .chain(ended_ns)
            .chain([self.lives[life].seen_ns])
            .fold(life.began_ns, u64::max)
    }

    /// The buckets of a life that have rows of this resolution, each as often as it has rows.
    fn life_buckets_ns(&self, life: &LifeKey, resolution: Resolution) -> Vec<u64> {
        let floor_ns = self.lives[life].floors_ns[resolution as usize];
        let rows = self
            .life_accounts(life)
            .into_iter()
            .flat_map(|account| account.rows(resolution, floor_ns));
        let mut buckets: Vec<_> = rows.map(|row| row.bucket_ns).collect();
        buckets.sort_unstable();
        buckets
    }

    fn prune(&mut self, order: &PruneOrder) -> u64 {
        if !self.lives.contains_key(&order.life) {
            return 0;
        }
        let buckets = self.life_buckets_ns(&order.life, order.resolution);
        let removed = buckets
            .iter()
            .filter(|&&bucket| bucket < order.before_ns)
            .count() as u64;
        if let Some(&last) = buckets.last().filter(|_| removed > 0) {
            // What comes late for a bucket that was removed does not bring it back. An order that reaches beyond the last row does not
            // bind what is still to come.
            let length_ns = order.resolution.ns();
            let until_ns = order
                .before_ns
                .div_ceil(length_ns)
                .min(last / length_ns + 1)
                .saturating_mul(length_ns);
            let life = self.lives.get_mut(&order.life).expect("looked up above");
            life.floors_ns[order.resolution as usize] = until_ns;
        }
        removed
    }

    fn life_spans(&self) -> Vec<LifeSpan> {
        let span = |life: &LifeKey| LifeSpan {
            life: life.clone(),
            last_record_ns: self.last_record_ns(life),
            first_bucket_ns: Resolution::ALL
                .map(|resolution| self.life_buckets_ns(life, resolution).first().copied()),
        };
        self.lives
            .keys()
            .map(span)
            .filter(|span| span.first_bucket_ns[..3].iter().any(Option::is_some))
            .collect()
    }
}

impl Process {
    fn accounts(&self) -> Vec<Account<'_>> {
        let mut starts: Vec<_> = self.starts.values().collect();
        starts.sort_by_key(|start| (start.entered_ns, &start.life.container));
        let entries: Vec<_> = starts.iter().map(|start| start.entered_ns).collect();
        let windows = Window::of_entries(&entries);
        starts
            .into_iter()
            .zip(windows)
            .map(|(start, window)| Account {
                process: self,
                start,
                window,
            })
            .collect()
    }
}

impl<'a> Account<'a> {
    fn samples(&self) -> impl Iterator<Item = (u64, &'a Cell)> {
        let window = self.window;
        let all = self
            .process
            .samples
            .iter()
            .map(|(&(epoch_ns, _), cell)| (epoch_ns, cell));
        all.filter(move |(_, cell)| window.contains(cell.at_ns))
    }

    fn epochs(&self) -> BTreeSet<u64> {
        self.samples().map(|(epoch_ns, _)| epoch_ns).collect()
    }

    fn end(&self) -> Option<&'a ProcessEnd> {
        facts::end_within(&self.process.ends, self.window)
    }

    fn last_record_ns(&self) -> u64 {
        let ends = self.process.ends.iter().map(|end| end.at_ns);
        let records = self
            .process
            .execs
            .keys()
            .copied()
            .chain(ends)
            .filter(|&at_ns| self.window.contains(at_ns));
        records
            .chain(self.samples().map(|(_, cell)| cell.at_ns))
            .fold(self.start.entered_ns, u64::max)
    }

    /// All rows of a resolution that are not pruned.
    fn rows(&self, resolution: Resolution, floor_ns: u64) -> Vec<BucketEnd> {
        let mut cells: BTreeMap<(u64, u64), Cell> = BTreeMap::new();
        for (epoch_ns, cell) in self.samples() {
            let key = (epoch_ns, resolution.bucket_ns(cell.at_ns));
            cells
                .entry(key)
                .and_modify(|known| known.merge(cell))
                .or_insert(*cell);
        }
        let held = cells
            .into_iter()
            .filter(|((_, bucket_ns), _)| *bucket_ns >= floor_ns);
        held.map(|((epoch_ns, _), cell)| cell.bucket_end(epoch_ns, resolution))
            .collect()
    }
}

#[async_trait]
impl WriteStore for MemoryStore {
    async fn write_shared(&self, batches: Arc<[Batch]>) -> Result<(), StoreError> {
        let mut books = self.books();
        batches.iter().for_each(|batch| books.write(batch));
        Ok(())
    }
}

#[async_trait]
impl PruneStore for MemoryStore {
    async fn life_spans(&self) -> Result<Vec<LifeSpan>, StoreError> {
        Ok(self.books().life_spans())
    }

    async fn prune(&self, order: &PruneOrder) -> Result<u64, StoreError> {
        facts::check_order(order)?;
        Ok(self.books().prune(order))
    }

    async fn compact(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
