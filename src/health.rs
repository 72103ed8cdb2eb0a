//! The recorder's account of itself in the web's words: the two crates do not know each other.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use bc_recorder::Status;
use bc_web::Health;
use nix::sys::statvfs::statvfs;
use tokio::sync::watch;

use crate::sink::CommitTimes;

/// Gives on every account until either side ends.
pub(crate) async fn follow(
    mut status: watch::Receiver<Status>,
    commits: CommitTimes,
    database: PathBuf,
    health: watch::Sender<Health>,
) {
    loop {
        let now = of(&status.borrow_and_update());
        let now = Health {
            commits: commits
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
            disk_bytes: disk_bytes(&database),
            ..now
        };
        if health.send(now).is_err() || status.changed().await.is_err() {
            return;
        }
    }
}

fn of(status: &Status) -> Health {
    Health {
        recording: status.recording,
        problem: status.problem.clone(),
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
    Some((beside("") + beside("-wal") + beside("-shm"), free))
}
