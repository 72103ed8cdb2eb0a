//! Cgroups of runs that nobody will remove any more: whoever made them was killed, perhaps with a data directory that is gone. What a
//! recorder knows to be its own, it removes by itself ([`super::run`]).

use std::fs;
use std::io;
use std::path::Path;

use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::run::{made_for, remove_tree};

/// Whether the cgroup of this path was made for a run, by whatever recorder.
pub(crate) fn is_for_a_run(path: &str) -> bool {
    path.rsplit('/').next().and_then(made_for).is_some()
}

/// Removes the cgroup of this directory, if it was made for a run, by whatever recorder, and nobody is in it or below it or about to enter.
/// Whether it did.
pub(crate) fn remove_if_deserted(directory: &Path) -> bool {
    let name = directory.file_name().and_then(|name| name.to_str());
    // The process in its name lives until somebody has entered: with that one gone, an empty one stays empty.
    if name.and_then(made_for).is_none_or(is_taken) {
        return false;
    }
    if is_populated(directory) {
        return false;
    }
    let removed = remove_tree(directory);
    if let Err(error) = &removed {
        // Refused by the kernel: somebody is in it after all.
        tracing::debug!(%error, path = %directory.display(), "the cgroup of an earlier run stays");
    }
    removed.is_ok()
}

/// Whether there is a process or a thread of this number; who it is makes no difference.
fn is_taken(pid: u32) -> bool {
    i32::try_from(pid)
        .is_ok_and(|pid| kill(Pid::from_raw(pid), None) != Err(nix::errno::Errno::ESRCH))
}

/// Whether a process is in it or below it. What cannot be told counts as one: a cgroup that a program in there has just made for another is
/// empty, too, and not ours to remove.
fn is_populated(directory: &Path) -> bool {
    match fs::read_to_string(directory.join("cgroup.events")) {
        // Version 2 tells of the whole tree.
        Ok(events) => !events.lines().any(|line| line == "populated 0"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => has_processes(directory),
        Err(_) => true,
    }
}

fn has_processes(directory: &Path) -> bool {
    let inside = fs::read_to_string(directory.join("cgroup.procs"));
    let below = || {
        let mut entries = fs::read_dir(directory).into_iter().flatten().flatten();
        entries.any(|entry| {
            entry.file_type().is_ok_and(|kind| kind.is_dir()) && has_processes(&entry.path())
        })
    };
    inside.is_ok_and(|inside| !inside.is_empty()) || below()
}
