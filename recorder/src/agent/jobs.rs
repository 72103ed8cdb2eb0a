//! Slurm jobs whose directory says only their SLUID: their number is in the environment of their processes, and is waited for.
//!
//! Meanwhile the kernel watches the job's cgroups and keeps what its processes use and how they end; once the number is known they are
//! all taken in. Of the environment, the one variable is read, and nothing is kept.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use bc_abi::{CgroupKey, Process};
use bc_schema::ContainerId;

use super::Agent;
use crate::clock::boot_now_ns;
use crate::kernel::KernelEvent;
use crate::process_file;
use crate::resolver::{self, Found};

/// Where Slurm tells a job's processes its number.
const NUMBER: &[u8] = b"SLURM_JOB_ID";
/// How long a job may run before somebody says its number: prologs and images come first. After that its SLUID is its id.
const PATIENCE_NS: u64 = 60_000_000_000;

/// How long after its cgroups were made the first word of a job is looked out for at once, and not with the second.
const EAGER_NS: u64 = 10_000_000_000;

/// How many executions are kept for jobs that wait.
const EXECS: usize = 4_096;

/// What is known of such jobs.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    /// Ids by SLUID.
    known: HashMap<String, ContainerId>,
    /// Cgroups of jobs that no id is known of.
    waiting: HashMap<CgroupKey, Waiting>,
    /// What processes there executed meanwhile.
    execs: Vec<KernelEvent>,
    /// An id became known: there is something to decide.
    settled: bool,
}

#[derive(Debug)]
struct Waiting {
    path: String,
    sluid: String,
    made_boot_ns: u64,
    gone_boot_ns: Option<u64>,
}

impl Jobs {
    /// The id of the job with this SLUID.
    pub(super) fn id(&self, sluid: &str) -> Option<ContainerId> {
        self.known.get(sluid).cloned()
    }

    /// The path of a cgroup that waits, whether it is still there or not.
    pub(super) fn path(&self, key: CgroupKey) -> Option<String> {
        self.waiting.get(&key).map(|waiting| waiting.path.clone())
    }

    /// When the first cgroup of a job that waited was made; for another cgroup, `at_boot_ns`.
    pub(super) fn began_boot_ns(&self, key: CgroupKey, at_boot_ns: u64) -> u64 {
        let Some(sluid) = self.waiting.get(&key).map(|waiting| &waiting.sluid) else {
            return at_boot_ns;
        };
        let of_job = self
            .waiting
            .values()
            .filter(|waiting| waiting.sluid == *sluid);
        of_job
            .map(|waiting| waiting.made_boot_ns)
            .min()
            .unwrap_or(at_boot_ns)
    }

    /// Whether a job has begun that a process may say the number of, and be gone, before the second is over.
    pub(super) fn is_eager(&self) -> bool {
        !self.waiting.is_empty() && {
            let now_ns = boot_now_ns();
            self.waiting
                .values()
                .any(|waiting| waiting.made_boot_ns + EAGER_NS > now_ns)
        }
    }

    /// Whether a process has to wait.
    pub(super) fn holds(&self, entry: &Process) -> bool {
        !self.waiting.is_empty()
            && entry
                .cgroups
                .iter()
                .any(|key| self.waiting.contains_key(key))
    }

    /// Keeps what a process that waits has executed. False when there is no room for it.
    pub(super) fn keep(&mut self, exec: KernelEvent) -> bool {
        let room = self.execs.len() < EXECS;
        if room {
            self.execs.push(exec);
        }
        room
    }

    /// A life has ended.
    pub(super) fn ended(&mut self, id: &ContainerId) {
        self.known.retain(|_, known| known != id);
    }
}

impl Agent {
    /// Whether a cgroup has to wait, because it is a job's whose number nobody has said yet.
    pub(super) fn waits_for_number(&mut self, key: CgroupKey, path: &str, at_boot_ns: u64) -> bool {
        let resolved = self.config.discover.then(|| resolver::resolve(path));
        let Some(found) = resolved.flatten().filter(|found| found.is_sluid) else {
            return false;
        };
        let waiting = self.jobs.waiting.entry(key).or_insert_with(|| Waiting {
            path: path.to_owned(),
            sluid: found.id.to_string(),
            made_boot_ns: at_boot_ns,
            gone_boot_ns: None,
        });
        let top_is_gone = found.is_top && waiting.gone_boot_ns.is_some();
        let late = waiting.made_boot_ns + PATIENCE_NS < boot_now_ns();
        if !self.jobs.known.contains_key(&*found.id) {
            let id = self
                .id_by_number(key, &found)
                .or_else(|| ContainerId::new(&*found.id).filter(|_| late || top_is_gone));
            let Some(id) = id else {
                if let Err(error) = self.kernel.watch(key) {
                    tracing::warn!(%error, path, "a job's cgroup is not watched");
                }
                return true;
            };
            self.jobs.known.insert(found.id.into_owned(), id);
        }
        self.jobs.settled = true;
        false
    }

    /// The id by the number that a process of the job says. A number that another job on this host goes by is not believed: a user
    /// can say anything there.
    fn id_by_number(&self, key: CgroupKey, found: &Found<'_>) -> Option<ContainerId> {
        let hierarchy = self.hierarchies.get(key.hierarchy)?;
        let top = hierarchy.directory_of(found.container_path)?;
        let number = members(&top).into_iter().find_map(number)?;
        let id = ContainerId::new(format!("job_{number}"))?;
        let taken = self
            .lives
            .current(&id)
            .filter(|life| !self.lives.over(*life))
            .and_then(|life| self.lives.get(life))
            .is_some_and(|life| life.facts.cgroup != found.container_path);
        if taken {
            tracing::warn!(sluid = %found.id, number, "a job says the number of another");
            return ContainerId::new(&*found.id);
        }
        Some(id)
    }

    /// A cgroup that waits is gone; with the job's own, nobody is left who could say its number.
    pub(super) fn waiting_is_gone(&mut self, key: CgroupKey, at_boot_ns: u64) {
        if let Some(waiting) = self.jobs.waiting.get_mut(&key) {
            waiting.gone_boot_ns = Some(at_boot_ns);
            self.decide(key, None, at_boot_ns);
        }
    }

    /// Decides what waited for an id that is known now, and takes in the processes there.
    pub(super) fn settle_jobs(&mut self) {
        if !std::mem::take(&mut self.jobs.settled) {
            return;
        }
        let known = &self.jobs.known;
        let ready: Vec<_> = self
            .jobs
            .waiting
            .extract_if(|_, waiting| known.contains_key(&waiting.sluid))
            .collect();
        for (key, waiting) in ready {
            let Some(what) = self.recognise(key, &waiting.path) else {
                self.lives.disown(key);
                self.kernel.unwatch(key);
                continue;
            };
            let began_ns = self.clock.utc_ns(waiting.made_boot_ns);
            self.lives.own(key, &what, began_ns);
            if let Some(gone_boot_ns) = waiting.gone_boot_ns {
                let gone_ns = self.clock.utc_ns(gone_boot_ns);
                self.lives.gone(key, gone_boot_ns, gone_ns);
            }
        }
        for exec in std::mem::take(&mut self.jobs.execs) {
            // One of a job that still waits is kept again.
            self.executed(exec);
        }
        self.search_table();
    }
}

/// The processes in a cgroup and all below it.
fn members(top: &Path) -> Vec<u32> {
    let mut found = Vec::new();
    let mut ahead = vec![top.to_owned()];
    while let Some(directory) = ahead.pop() {
        let procs = fs::read_to_string(directory.join("cgroup.procs")).unwrap_or_default();
        found.extend(procs.lines().filter_map(|pid| pid.parse::<u32>().ok()));
        let below = fs::read_dir(&directory).into_iter().flatten().flatten();
        ahead.extend(
            below
                .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
                .map(|entry| entry.path()),
        );
    }
    found
}

/// The job's number, where a process says it.
fn number(pid: u32) -> Option<u32> {
    process_file::environment(pid, NUMBER)?.parse().ok()
}
