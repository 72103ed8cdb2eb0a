//! Cgroups that a test makes for itself, and removes: one of a controller, v1 or v2, with a limit or without, or a tree of version 2.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::wait::{self, PATIENCE};

/// A cgroup, removed on drop.
pub(crate) struct Cgroup {
    /// Its path below the mount point: what the recorder calls it.
    pub(crate) path: String,
    dir: PathBuf,
}

impl Cgroup {
    /// Makes one in the hierarchy of the memory controller, with a limit where one is given.
    pub(crate) fn with_memory(name: &str, limit_bytes: Option<u64>) -> Self {
        Self::make(
            "memory",
            ["memory.limit_in_bytes", "memory.max"],
            name,
            limit_bytes,
        )
    }

    /// Makes one in the hierarchy of the pids controller, with a limit where one is given.
    pub(crate) fn with_pids(name: &str, limit: Option<u64>) -> Self {
        Self::make("pids", ["pids.max", "pids.max"], name, limit)
    }

    fn make(
        controller: &str,
        [v1_file, v2_file]: [&str; 2],
        name: &str,
        limit: Option<u64>,
    ) -> Self {
        let v1 = Path::new("/sys/fs/cgroup").join(controller);
        let (mount, limit_file) = if v1.is_dir() {
            (v1.as_path(), v1_file)
        } else {
            (Path::new("/sys/fs/cgroup"), v2_file)
        };
        if !v1.is_dir() {
            write(
                &mount.join("cgroup.subtree_control"),
                &format!("+{controller}"),
            );
        }
        let path = format!("/bc-live-{}-{name}", std::process::id());
        let dir = mount.join(&path[1..]);
        fs::create_dir(&dir)
            .unwrap_or_else(|error| panic!("making the cgroup {}: {error}", dir.display()));
        let made = Self { path, dir };
        if let Some(limit) = limit {
            write(&made.dir.join(limit_file), &limit.to_string());
        }
        made
    }

    /// A command that goes into the cgroup by itself and then becomes `program`.
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        enter(&self.dir.join("cgroup.procs"), program, args)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // What ran in it may be on its last way.
        remove(&self.dir);
    }
}

/// A directory of version 2 with all above it that was not there, as a runtime would make it. Removed on drop.
pub(crate) struct Tree {
    /// Deepest last.
    made: Vec<PathBuf>,
}

impl Tree {
    /// Makes the cgroup with this path.
    pub(crate) fn new(path: &(impl AsRef<Path> + ?Sized)) -> Self {
        let mounts = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];
        let mut dir = mounts
            .map(PathBuf::from)
            .into_iter()
            .find(|mount| mount.join("cgroup.controllers").is_file())
            .expect("version 2 of cgroups is mounted where it usually is");
        let mut made = Vec::new();
        let path = path.as_ref();
        for name in path.strip_prefix("/").unwrap_or(path) {
            dir.push(name);
            match fs::create_dir(&dir) {
                Ok(()) => made.push(dir.clone()),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => panic!("making the cgroup {}: {error}", dir.display()),
            }
        }
        Self { made }
    }

    /// Moves a process into it.
    pub(crate) fn add(&self, pid: u64) {
        write(&self.procs(), &pid.to_string());
    }

    /// A command that goes into it by itself and then becomes `program`.
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        enter(&self.procs(), program, args)
    }

    fn procs(&self) -> PathBuf {
        let deepest = self.made.last().expect("a path that was not there before");
        deepest.join("cgroup.procs")
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        for dir in self.made.iter().rev() {
            remove(dir);
        }
    }
}

fn enter(procs: &Path, program: &str, args: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", "echo $$ > \"$0\" && exec \"$@\""])
        .arg(procs)
        .arg(program)
        .args(args);
    command
}

fn remove(dir: &Path) {
    let removed = || match fs::remove_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.to_string()),
        _ => Ok(()),
    };
    if let Err(error) = wait::attempt(PATIENCE, removed) {
        eprintln!("the cgroup {} stays: {error}", dir.display());
        assert!(
            std::thread::panicking(),
            "what a test started in its cgroup must end with it"
        );
    }
}

fn write(file: &Path, text: &str) {
    fs::write(file, text)
        .unwrap_or_else(|error| panic!("writing `{text}` to {}: {error}", file.display()));
}
