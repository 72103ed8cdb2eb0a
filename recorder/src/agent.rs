//! The recorder at work: one task that takes the kernel's events, samples once a second, and hands batches over.
//!
//! The kernel is asked only through [`Kernel`]; what it says is turned into facts in the files below, one concern each.

mod account;
mod batching;
mod commands;
mod containers;
pub(crate) mod cores;
mod ending;
mod intake;
mod jobs;
mod lineage;
mod losses;
mod moves;
mod naming;
mod notes;
mod releases;
mod resume;
mod room;
mod sampling;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bc_abi::{CgroupKey, ProcessKey};
use bc_schema::{Batch, BootId, Container, ContainerId, LossReason, ProcessId};
use tokio::io::unix::AsyncFd;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::alarm::Alarm;
use crate::cgroup::Hierarchies;
use crate::clock::Clock;
use crate::command::Command;
use crate::config::Config;
use crate::delivery::Delivery;
use crate::kernel::{self, Kernel, KernelEvent};
use crate::lives::Lives;
use crate::mask::Mask;
use crate::registry::Registry;
use crate::resolver::{Excludes, Globs, Units};
use crate::runtime::{self, RuntimeFact, Written};
use crate::sink::Sink;
use crate::status::Status;

/// How long before the end of a UTC second its sample is taken, so that a second's usage falls into that second.
const BEFORE_SECOND_ENDS: Duration = Duration::from_millis(100);
/// How long the beginning waits for the sink to have what was found.
const FIRST_DELIVERY: Duration = Duration::from_secs(2);
/// How long the sink may take for the last batches.
const LAST_DELIVERY: Duration = Duration::from_secs(10);
/// Samples in a row that may fail before the recorder gives up: the kernel may be short of memory for a moment.
const FAILURES: u32 = 10;
/// How often the ring is looked at while somebody waits for a run to finish, or for a job's number.
const FINISHING: Duration = Duration::from_millis(10);

/// How far a recorder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Goes through what a killed recorder had not taken.
    TakingOver,
    /// Finds what is there; lives that it finds have no date yet.
    Finding,
    /// Is told of everything.
    Recording,
}

/// A running recorder.
pub(crate) struct Agent {
    config: Config,
    kernel: Kernel,
    hierarchies: Hierarchies,
    globs: Globs,
    units: Units,
    excludes: Excludes,
    mask: Mask,
    boot: BootId,
    clock: Clock,
    began_ns: u64,
    page_bytes: u64,
    lives: Lives,
    registry: Registry,
    runtime_facts: HashMap<ContainerId, RuntimeFact>,
    podman_roots: Vec<PathBuf>,
    written: Written,
    jobs: jobs::Jobs,
    ended: VecDeque<Container>,
    closing: Vec<ProcessKey>,
    moved: Vec<(ProcessKey, u64)>,
    /// Cgroups of lives that the watch table had no room for.
    filtered: BTreeSet<CgroupKey>,
    /// The log has said so.
    filter_told: bool,
    discover: bool,
    walks: u64,
    /// The latest walk that went through, by its number and when it began, ns since the epoch.
    last_look: Option<(u64, u64)>,
    last_sample_ns: Option<u64>,
    failures: u32,
    losses: losses::Counted,
    out: Batch,
    delivery: Arc<Delivery>,
    releases: releases::Releases,
    phase: Phase,
    /// Of a killed recorder that is taken over from: the processes that the store knows, but for those that ended long ago.
    stored: HashSet<ProcessId>,
    finishing: Vec<commands::Finishing>,
    runs: Vec<commands::Run>,
    declared: BTreeMap<(u64, LossReason, Option<ContainerId>), (u64, u64)>,
    hands_over: bool,
    ring: Option<kernel::RingFill>,
    /// The most that waited in the ring since the last account, bytes.
    ring_waiting_bytes: u64,
    /// When the batch before the one that is being made was handed over, ns since the epoch.
    flushed_ns: u64,
    memory: account::OwnMemory,
    status: Status,
}

/// Records until `shutdown`; see [`crate::run`].
pub(crate) async fn run(
    config: Config,
    sink: Arc<dyn Sink>,
    mut commands: mpsc::Receiver<Command>,
    status: watch::Sender<Status>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let mut agent = Agent::start(config)?;
    agent.ring = agent.kernel.ring_fill();
    let delivery = agent.delivery.clone();
    let carrier = tokio::spawn(async move { delivery.run(sink).await });
    let (facts, mut runtime_facts) = mpsc::channel(256);
    if agent.config.discover {
        tokio::spawn(runtime::follow(
            agent.config.sockets.clone(),
            facts,
            status.subscribe(),
            shutdown.child_token(),
        ));
    } else {
        drop(facts);
    }
    agent.say_whether_pinned();
    let first = agent.begin()?;
    // Who is told that recording has begun may ask the store at once for what was found.
    let mut delivered = agent.delivery.delivered();
    let _ = tokio::time::timeout(
        FIRST_DELIVERY,
        delivered.wait_for(|delivered| *delivered >= first),
    )
    .await;
    agent.publish(&status);

    let ring = agent.kernel.event_fd().try_clone_to_owned();
    let ring = ring.map_err(Error::Ring)?;
    // SAFETY: the descriptor is owned by what is registered, and closed by nobody else.
    let ring = unsafe { AsyncFd::register_with_interest(ring, tokio::io::Interest::READABLE) };
    let ring = ring.map_err(|error| Error::Ring(error.into()))?;
    let alarm = Alarm::new().map_err(Error::Alarm)?;
    alarm.set(agent.next_sample()).map_err(Error::Alarm)?;
    loop {
        let finishing = !agent.finishing.is_empty() || agent.jobs.is_eager();
        tokio::select! {
            () = shutdown.cancelled() => break,
            rung = alarm.rings() => {
                rung.map_err(Error::Alarm)?;
                agent.sample_or_say()?;
                agent.release(*delivered.borrow());
                agent.publish(&status);
                alarm.set(agent.next_sample()).map_err(Error::Alarm)?;
            }
            () = tokio::time::sleep(FINISHING), if finishing => agent.take_events(),
            ready = ring.readable() => {
                if let Ok(mut ready) = ready {
                    ready.clear_ready();
                }
                agent.take_events();
            }
            Ok(()) = delivered.changed() => {
                let delivered = *delivered.borrow_and_update();
                agent.release(delivered);
            }
            Some(command) = commands.recv() => agent.obey(command),
            Some(fact) = runtime_facts.recv() => agent.learn(fact),
        }
        agent.finish_some();
    }
    // What was asked before the end was.
    while let Ok(command) = commands.try_recv() {
        agent.obey(command);
    }
    agent.stop();
    agent.delivery.close();
    let delivered = tokio::time::timeout(LAST_DELIVERY, carrier).await.is_ok();
    if delivered && !agent.hands_over {
        agent.kernel.unpin();
    }
    status.send_modify(|status| status.recording = false);
    if delivered {
        return Ok(());
    }
    let waiting = agent.delivery.waiting();
    Err(Error::Undelivered {
        samples: waiting.as_ref().map_or(0, |waiting| waiting.samples),
        why: waiting.map_or("it is too slow".to_owned(), |waiting| waiting.why),
    })
}

/// What recording needs besides the kernel programs.
pub(crate) fn surroundings() -> Result<(), Error> {
    Hierarchies::mounted()?;
    this_boot().map(drop)
}

fn this_boot() -> Result<BootId, Error> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map_err(Error::BootId)?;
    let id = boot.trim().parse();
    id.map_err(|_| Error::BootId(std::io::Error::other("not an id")))
}

impl Agent {
    fn start(config: Config) -> Result<Self, Error> {
        config.capacities.check()?;
        let boot = this_boot()?;
        let (clock, back_ns) = match &config.clock {
            Some(file) => Clock::kept_in(file, boot),
            None => (Clock::new(), 0),
        };
        if back_ns > 0 {
            tracing::warn!(
                back_s = back_ns / bc_schema::resolution::SECOND_NS,
                "the machine's clock was set back since the last record: what goes on is dated from there on, ahead of the clock by as much"
            );
        }
        let began_ns = clock.now_ns();
        Ok(Self {
            globs: Globs::new(&config.cgroup_globs)?,
            units: Units::new(&config.units)?,
            excludes: Excludes::new(&config.exclude)?,
            mask: Mask::new(&config.mask)?,
            hierarchies: Hierarchies::mounted()?,
            kernel: kernel::start(kernel::Options {
                object: config.kernel_object.as_deref(),
                log: config.kernel_log,
                cores: config.per_cpu,
                pins: config.pins.as_deref(),
                adopt: config.discover,
                capacities: &config.capacities,
            })?,
            boot,
            clock,
            began_ns,
            page_bytes: nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE)
                .ok()
                .flatten()
                .unwrap_or(4096) as u64,
            lives: Lives::new(config.host.clone()),
            registry: Registry::new(config.capacities.processes),
            runtime_facts: HashMap::new(),
            podman_roots: if config.discover {
                runtime::podman_roots()
            } else {
                Vec::new()
            },
            written: Written::new(config.containerd_states.clone()),
            jobs: jobs::Jobs::default(),
            ended: VecDeque::new(),
            closing: Vec::new(),
            moved: Vec::new(),
            filtered: BTreeSet::new(),
            filter_told: false,
            discover: true,
            walks: 0,
            last_look: None,
            last_sample_ns: None,
            failures: 0,
            losses: losses::Counted::default(),
            out: Batch {
                host: config.host.clone(),
                ..Batch::default()
            },
            delivery: Delivery::new(began_ns, &config.capacities),
            releases: releases::Releases::default(),
            phase: Phase::Finding,
            stored: HashSet::new(),
            finishing: Vec::new(),
            runs: Vec::new(),
            declared: BTreeMap::new(),
            hands_over: false,
            ring: None,
            ring_waiting_bytes: 0,
            flushed_ns: 0,
            memory: account::OwnMemory::open(),
            status: Status::default(),
            config,
        })
    }

    /// Time to the next sample.
    fn next_sample(&self) -> Duration {
        let interval_ns = self.config.interval.as_nanos() as u64;
        let before_ns = (BEFORE_SECOND_ENDS.as_nanos() as u64).min(interval_ns / 2);
        let now_ns = self.clock.now_ns() + before_ns;
        Duration::from_nanos(interval_ns - now_ns % interval_ns)
    }

    /// Takes every event that waits in the ring.
    fn take_events(&mut self) {
        let waiting_bytes = self
            .ring
            .as_ref()
            .map_or(0, kernel::RingFill::waiting_bytes);
        self.ring_waiting_bytes = self.ring_waiting_bytes.max(waiting_bytes);
        self.kernel.flush_log();
        while let Some(event) = self.kernel.next_event() {
            match event {
                KernelEvent::Exec { .. } => self.executed(event),
                KernelEvent::End { process } => self.closed(process),
                KernelEvent::Left {
                    process,
                    at_boot_ns,
                } => self.left(process, at_boot_ns),
                KernelEvent::Mkdir {
                    cgroup,
                    path,
                    at_boot_ns,
                } => self.made(cgroup, path, at_boot_ns),
                KernelEvent::Rmdir { cgroup, at_boot_ns } => self.removed(cgroup, at_boot_ns),
            }
            self.settle_jobs();
        }
        self.account_moved();
    }

    /// An orderly end: everything known is handed over, whatever still lives keeps its open end.
    fn stop(&mut self) {
        self.take_events();
        if let Err(error) = self.sample() {
            tracing::warn!(%error, "the last sample failed");
        }
        self.close_all_pending();
        self.finish_all();
        self.clear_runs(0);
        self.clear_deserted();
        self.take_events();
        self.count_kernel_losses();
        // Settled or not: there is no later second for them.
        self.end_lives(u64::MAX);
        self.flush();
    }

    fn say_whether_pinned(&self) {
        if self.kernel.adopted() {
            tracing::info!(
                "taking over from a recorder that was killed or left: the kernel went on counting"
            );
        }
        if let (Some(why), true) = (self.kernel.unpinned(), self.config.pins.is_some()) {
            tracing::warn!(
                why,
                "nothing is pinned: a recorder that is killed would lose the seconds until the next one"
            );
        }
    }
}
