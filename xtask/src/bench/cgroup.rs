//! A cgroup that nobody records, in the place where `bubble-chamber run` would make one: so that what is compared differs in nothing but the recording.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How long the kernel may take to let go of processes that have ended.
const PATIENCE: Duration = Duration::from_secs(2);

/// An empty cgroup below this process's own. Dropping it removes it.
pub(super) struct Cgroup(PathBuf);

impl Cgroup {
    /// Makes it, in version 2 where that is mounted, otherwise in version 1's `pids`.
    ///
    /// # Errors
    /// Neither is mounted, or it cannot be made.
    pub(super) fn make() -> Result<Self> {
        let mounts = fs::read_to_string("/proc/self/mounts").context("reading the mount table")?;
        let own = fs::read_to_string("/proc/self/cgroup").context("reading the own cgroups")?;
        let parent = parent(&mounts, &own).context(
            "looking for cgroup version 2, or version 1 with `pids`: neither is mounted",
        )?;
        let folder = parent.join(format!("bench-{}", std::process::id()));
        fs::create_dir(&folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(Self(folder))
    }

    /// A process that writes `0` to it is inside.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) fn door(&self) -> Result<File> {
        let door = self.0.join("cgroup.procs");
        OpenOptions::new()
            .write(true)
            .open(&door)
            .with_context(|| format!("opening {}", door.display()))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let began = Instant::now();
        while let Err(error) = fs::remove_dir(&self.0) {
            if began.elapsed() > PATIENCE {
                eprintln!("    removing {}: {error}", self.0.display());
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The directory of the cgroup that this process is in.
fn parent(mounts: &str, own: &str) -> Option<PathBuf> {
    let mount = |wanted: &dyn Fn(&str, &str) -> bool| {
        mounts.lines().find_map(|line| {
            let mut words = line.split(' ').skip(1);
            let (place, kind, options) = (words.next()?, words.next()?, words.next()?);
            wanted(kind, options).then(|| Path::new(place))
        })
    };
    let path = |wanted: &dyn Fn(&str) -> bool| {
        own.lines().find_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            wanted(controllers).then(|| path.trim_start_matches('/'))
        })
    };
    let is_pids = |list: &str| list.split(',').any(|name| name == "pids");
    let second = mount(&|kind, _| kind == "cgroup2").zip(path(&str::is_empty));
    let first = || mount(&|kind, options| kind == "cgroup" && is_pids(options)).zip(path(&is_pids));
    let (mount, path) = second.or_else(first)?;
    Some(mount.join(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYBRID: &str =
        "sysfs /sys sysfs rw 0 0\ncgroup /sys/fs/cgroup/pids cgroup rw,nosuid,pids 0 0\n";

    #[test]
    fn version_2_comes_first() {
        let mounts = format!("{HYBRID}cgroup2 /sys/fs/cgroup/unified cgroup2 rw,nosuid 0 0\n");
        let own = "8:pids:/a\n0::/user.slice/b\n";
        assert_eq!(
            parent(&mounts, own),
            Some("/sys/fs/cgroup/unified/user.slice/b".into())
        );
        assert_eq!(parent(HYBRID, own), Some("/sys/fs/cgroup/pids/a".into()));
        assert_eq!(parent("proc /proc proc rw 0 0\n", own), None);
    }
}
