//! A memory cgroup that a test makes for itself, v1 or v2, and removes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::wait;

/// How long what ran in it may take to end.
const EMPTY_WITHIN: Duration = Duration::from_secs(5);

/// A cgroup, removed on drop.
pub(crate) struct Cgroup {
    /// Its path below the mount point: what the recorder calls it.
    pub(crate) path: String,
    dir: PathBuf,
}

impl Cgroup {
    /// Makes one in the hierarchy of the memory controller, with a limit where one is given.
    pub(crate) fn with_memory(name: &str, limit_bytes: Option<u64>) -> Self {
        let v1 = Path::new("/sys/fs/cgroup/memory");
        let (mount, limit_file) = if v1.is_dir() {
            (v1, "memory.limit_in_bytes")
        } else {
            (Path::new("/sys/fs/cgroup"), "memory.max")
        };
        if !v1.is_dir() {
            write(&mount.join("cgroup.subtree_control"), "+memory");
        }
        let path = format!("/bc-live-{}-{name}", std::process::id());
        let dir = mount.join(&path[1..]);
        fs::create_dir(&dir)
            .unwrap_or_else(|error| panic!("making the cgroup {}: {error}", dir.display()));
        let made = Self { path, dir };
        if let Some(limit) = limit_bytes {
            write(&made.dir.join(limit_file), &limit.to_string());
        }
        made
    }

    /// A command that goes into the cgroup by itself and then becomes `program`.
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", "echo $$ > \"$0\" && exec \"$@\""])
            .arg(self.dir.join("cgroup.procs"))
            .arg(program)
            .args(args);
        command
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let removed = || match fs::remove_dir(&self.dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.to_string()),
            _ => Ok(()),
        };
        // What ran in it may be on its last way.
        if let Err(error) = wait::attempt(EMPTY_WITHIN, removed) {
            eprintln!("the cgroup {} stays: {error}", self.dir.display());
            assert!(
                std::thread::panicking(),
                "what a test started in its cgroup must end with it"
            );
        }
    }
}

fn write(file: &Path, text: &str) {
    fs::write(file, text)
        .unwrap_or_else(|error| panic!("writing `{text}` to {}: {error}", file.display()));
}
