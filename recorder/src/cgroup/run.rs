//! A cgroup of its own for the command of a `run`: a child of the caller's, so that whatever limits the caller limits the command.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::hierarchy::read;
use super::{CgroupError, CgroupKey, Hierarchies, Hierarchy, procfs};

/// Where it goes when version 2 will not have it: the hierarchies whose limits always reach children come first. In v1's memory
/// hierarchy, before kernel 5.11, that depends on a switch.
const V1_CONTROLLERS: [&str; 4] = ["pids", "freezer", "cpuacct", "memory"];

/// What the names of all begin with.
const PREFIX: &str = "bubble-chamber-";

/// How many directories of one name are stepped over: what one process made under it before, or a killed one left.
const NAMES: u32 = 100;

/// What the owner of a delegated cgroup may write to, besides making directories in it (the kernel's own list).
const DELEGATED: [&str; 4] = [
    "cgroup.procs",
    "cgroup.threads",
    "cgroup.subtree_control",
    "tasks",
];

/// A cgroup made for a `run`.
#[derive(Debug)]
pub struct RunCgroup {
    directory: PathBuf,
    path: String,
    key: CgroupKey,
    procs: File,
}

impl RunCgroup {
    /// Makes one below the cgroup of the calling process.
    pub fn below_caller(hierarchies: &Hierarchies, name: &str) -> Result<Self, CgroupError> {
        Self::below(hierarchies, std::process::id(), name)
    }

    /// Makes one below the cgroup of the process `pid`: in version 2 where it is mounted and takes processes there, otherwise in a
    /// v1 hierarchy that [`crate::resolver`] looks at.
    pub fn below(hierarchies: &Hierarchies, pid: u32, name: &str) -> Result<Self, CgroupError> {
        let own = procfs::memberships(&read(&format!("/proc/{pid}/cgroup"))?);
        let v1 = V1_CONTROLLERS
            .iter()
            .filter_map(|controller| hierarchies.of_controller(controller));
        let mut tried = Vec::new();
        for hierarchy in hierarchies.get(0).into_iter().chain(v1) {
            let Some(parent) = own.iter().find(|own| own.hierarchy == hierarchy.id()) else {
                continue;
            };
            let Some(directory) = hierarchy.directory_of(&parent.path) else {
                tried.push(format!(
                    "{} does not reach {}",
                    hierarchy.mount_point().display(),
                    parent.path
                ));
                continue;
            };
            match Self::make(
                hierarchies,
                hierarchy,
                &parent.path,
                &directory,
                (name, pid),
            ) {
                Ok(made) => return Ok(made),
                Err(error) => tried.push(format!("{}: {error}", directory.display())),
            }
        }
        if tried.is_empty() {
            tried.push("no hierarchy that could hold it is mounted".to_owned());
        }
        Err(CgroupError::NoRoom { tried })
    }

    fn make(
        hierarchies: &Hierarchies,
        hierarchy: &Hierarchy,
        parent: &str,
        parent_directory: &Path,
        named: (&str, u32),
    ) -> io::Result<Self> {
        let name = free_name(parent_directory, named)?;
        let directory = parent_directory.join(&name);
        let opened = accepts_processes(hierarchy, &directory)
            .and_then(|()| inherit_owner(parent_directory, &directory))
            .and_then(|()| {
                OpenOptions::new()
                    .write(true)
                    .open(directory.join("cgroup.procs"))
            })
            .and_then(|procs| {
                Ok((
                    procs,
                    hierarchies.key_of(&directory).map_err(io::Error::other)?,
                ))
            });
        match opened {
            Ok((procs, key)) => {
                let path = format!("{}/{name}", parent.trim_end_matches('/'));
                Ok(Self {
                    directory,
                    path,
                    key,
                    procs,
                })
            }
            Err(error) => {
                // It has just been made and nobody knows of it: should it stay, it is empty and the next run takes it.
                let _ = fs::remove_dir(&directory);
                Err(error)
            }
        }
    }

    /// Its key in the kernel.
    pub fn key(&self) -> CgroupKey {
        self.key
    }

    /// Its path in its hierarchy.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its directory in the mounted file system.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What a child writes to, by [`enter`], between fork and exec. It must do so before it gives up root.
    pub fn procs_fd(&self) -> BorrowedFd<'_> {
        self.procs.as_fd()
    }

    /// Moves a whole process into it.
    pub fn add(&self, pid: u32) -> io::Result<()> {
        (&self.procs).write_all(pid.to_string().as_bytes())
    }

    /// Whether a process is still where this was made for it: it may have been moved since.
    pub fn is_below(&self, hierarchies: &Hierarchies, pid: u32) -> bool {
        let own = read(&format!("/proc/{pid}/cgroup")).unwrap_or_default();
        procfs::memberships(&own).iter().any(|own| {
            own.hierarchy == self.key.hierarchy
                && hierarchies
                    .get(own.hierarchy)
                    .and_then(|hierarchy| hierarchy.directory_of(&own.path))
                    .is_some_and(|directory| Some(directory.as_path()) == self.directory.parent())
        })
    }

    /// Puts whoever is in it back to where they came from.
    pub fn send_back(&self) -> io::Result<()> {
        let inside = fs::read_to_string(self.directory.join("cgroup.procs"))?;
        let parent = self.directory.parent().unwrap_or(&self.directory);
        for pid in inside.lines() {
            fs::write(parent.join("cgroup.procs"), pid)?;
        }
        Ok(())
    }

    /// Removes it, and what the command made below it, as soon as it is empty. Blocks for at most `patience`.
    pub fn remove(self, patience: Duration) -> Result<(), CgroupError> {
        remove_when_empty(&self.directory, patience)
    }
}

/// Removes a run's cgroup, and what the command made below it, as soon as it is empty. Blocks for at most `patience`.
pub fn remove_when_empty(directory: &Path, patience: Duration) -> Result<(), CgroupError> {
    let until = Instant::now() + patience;
    let mut pause = Duration::from_millis(1);
    loop {
        match remove_tree(directory) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(_) if Instant::now() < until => {
                sleep(pause.min(until.saturating_duration_since(Instant::now())));
                pause = (pause * 2).min(Duration::from_millis(50));
            }
            Err(source) => {
                return Err(CgroupError::InUse {
                    path: directory.to_owned(),
                    source,
                });
            }
        }
    }
}

/// Moves the calling process into the cgroup whose `cgroup.procs` this is. Safe between fork and exec: one system call, no memory.
pub fn enter(procs: BorrowedFd<'_>) -> io::Result<()> {
    Ok(nix::unistd::write(procs, b"0").map(drop)?)
}

/// Makes a directory named after a run and the process that it is for, and returns its name. One that exists is never taken over:
/// its run may be about to enter it.
fn free_name(parent: &Path, (name, pid): (&str, u32)) -> io::Result<String> {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "._-".contains(c) {
            c
        } else {
            '_'
        }
    };
    // The kernel takes names of 255 bytes.
    let name: String = name.chars().take(200).map(plain).collect();
    let first = format!("{PREFIX}{name}-{pid}");
    let others = (2..=NAMES).map(|number| format!("{first}.{number}"));
    for name in std::iter::once(first.clone()).chain(others) {
        match fs::create_dir(parent.join(&name)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| name),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// The process that a directory of this name was made for. `None`: it was made for no run.
pub(super) fn made_for(directory: &str) -> Option<u32> {
    let (name, last) = directory.strip_prefix(PREFIX)?.rsplit_once('-')?;
    let pid = |text: &str| text.parse().ok().filter(|pid| *pid > 0);
    if let Some((last, _)) = last.split_once('.') {
        return pid(last);
    }
    // Builds before this one set the number apart by a dash; so low a pid is no command's.
    let numbered = pid(last).is_some_and(|number| number <= NAMES);
    let before = name.rsplit_once('-').and_then(|(_, before)| pid(before));
    before.filter(|_| numbered).or_else(|| pid(last))
}

/// Version 2 lets no process into the child of a threaded cgroup unless that child is threaded too; everywhere else a child of a
/// cgroup that has processes has no controllers, and takes processes.
fn accepts_processes(hierarchy: &Hierarchy, directory: &Path) -> io::Result<()> {
    if !hierarchy.is_unified() {
        return Ok(());
    }
    let kind = directory.join("cgroup.type");
    match fs::read_to_string(&kind)?.trim_end() {
        "domain invalid" => fs::write(kind, "threaded"),
        _ => Ok(()),
    }
}

/// A cgroup that was delegated to a user stays so below: whoever may make cgroups where the caller is, may where the command is.
fn inherit_owner(parent: &Path, directory: &Path) -> io::Result<()> {
    let owner = fs::metadata(parent)?;
    if owner.uid() == 0 && owner.gid() == 0 {
        return Ok(());
    }
    let (uid, gid) = (Some(owner.uid()), Some(owner.gid()));
    chown(directory, uid, gid)?;
    for file in DELEGATED {
        match chown(directory.join(file), uid, gid) {
            // Which of them there are depends on the version.
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Removes a cgroup and all below it, children first.
pub(super) fn remove_tree(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        }
    }
    fs::remove_dir(directory)
}
