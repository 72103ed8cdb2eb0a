//! The recorder beside this process's web, in the web's words: the two crates do not know each other.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bc_recorder::{Status, Waiting};
use bc_web::{Health, Recorder};
use nix::sys::statvfs::statvfs;
use tokio::sync::watch;

use crate::sink::CommitTimes;

/// How long somebody who has asked is taken to be watching.
const WATCHES_FOR: Duration = Duration::from_secs(10);

/// The recorder of this process.
pub(crate) struct Beside {
    /// How it is doing.
    pub(crate) status: watch::Receiver<Status>,
    /// How long the store takes.
    pub(crate) commits: CommitTimes,
    /// Where it writes.
    pub(crate) database: PathBuf,
    /// When somebody looked.
    pub(crate) looked: Arc<Looked>,
}

/// When somebody last asked for what is recorded.
#[derive(Debug, Default)]
pub(crate) struct Looked(Mutex<Option<Instant>>);

impl Looked {
    /// Whether that is so short ago that they may be waiting for more.
    pub(crate) fn lately(&self) -> bool {
        self.last().is_some_and(|last| last.elapsed() < WATCHES_FOR)
    }

    fn last(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder for Beside {
    fn health(&self) -> Health {
        let commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        Health {
            commits: commits.clone(),
            disk_bytes: disk_bytes(&self.database),
            ..of(&self.status.borrow())
        }
    }

    fn looked_at(&self) {
        *self.looked.last() = Some(Instant::now());
    }
}

fn of(status: &Status) -> Health {
    Health {
        recording: status.recording,
        // What may be lost now goes before what may be lost some day.
        problem: status
            .waiting
            .as_ref()
            .map(in_memory)
            .or_else(|| status.problem.clone()),
        waiting: status
            .waiting
            .as_ref()
            .map(|waiting| (waiting.samples, waiting.since_ns)),
        containers: status.containers,
        processes: status.processes,
        samples: status.samples,
        losses: status.losses.clone(),
        own_cpu_ns: status.own_cpu_ns,
        ring_bytes: status
            .ring
            .map(|ring| (ring.waiting_bytes, ring.size_bytes)),
        own_rss_bytes: status.own_rss_bytes,
        ..Health::default()
    }
}

/// What a database takes up with the files beside it, and what is free on its disk to who is no root.
fn disk_bytes(database: &Path) -> Option<(u64, u64)> {
    let beside = |ending: &str| {
        let mut name = OsString::from(database);
        name.push(ending);
        std::fs::metadata(name).map_or(0, |file| file.len())
    };
    let disk = statvfs(database).ok()?;
    let free = disk.blocks_available().saturating_mul(disk.fragment_size());
    Some((
        beside("") + beside("-wal") + beside("-shm") + beside("-reserve"),
        free,
    ))
}

/// What people need to know of records that are in memory alone.
fn in_memory(waiting: &Waiting) -> String {
    let Waiting {
        since_ns,
        why,
        samples,
        room_samples,
        shed_samples,
    } = waiting;
    let since =
        humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_nanos(*since_ns));
    let lost = match shed_samples {
        0 => String::new(),
        lost => format!("; {lost} that found no room are lost, and declared as such"),
    };
    format!(
        "Since {since} nothing can be stored: {why}. Recording goes on in memory: {samples} samples wait, {room_samples} fit{lost}. They are \
         lost if Bubble Chamber ends before it can store them."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_takes_nothing_is_a_problem_with_all_that_is_at_stake() {
        let waiting = Waiting {
            since_ns: 1_795_377_600_000_000_000,
            why: "write to /data/x.db: database or disk is full; free some space there".into(),
            samples: 1_234,
            room_samples: 300_000,
            shed_samples: 0,
        };
        let status = Status {
            recording: true,
            waiting: Some(waiting.clone()),
            ..Status::default()
        };
        let health = of(&status);
        let problem = health.problem.unwrap();
        for part in [
            "2026-11-22T20:00:00Z",
            "/data/x.db",
            "free some space",
            "1234 samples wait",
            "300000 fit",
        ] {
            assert!(problem.contains(part), "{part}: {problem}");
        }
        assert!(!problem.contains("no room"));
        assert_eq!(health.waiting, Some((1_234, 1_795_377_600_000_000_000)));
        let shed = Waiting {
            shed_samples: 7,
            ..waiting
        };
        assert!(in_memory(&shed).contains("; 7 that found no room are lost"));
        assert_eq!(of(&Status::default()).problem, None);
    }
}
