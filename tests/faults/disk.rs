//! A small file system of its own: an image with ext4 on a loop device.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Its size.
const BYTES: u64 = 20 << 20;

/// A mounted file system of 20 MiB.
pub(crate) struct Disk {
    folder: TempDir,
    mounted: bool,
}

impl Disk {
    /// Makes one and mounts it.
    pub(crate) fn new() -> Self {
        assert!(
            nix::unistd::geteuid().is_root(),
            "these tests mount file systems and need root: run `sudo cargo xtask test faults`"
        );
        let folder = tempfile::Builder::new()
            .prefix("bc-disk-")
            .tempdir()
            .expect("a temporary folder can be made");
        let disk = Self {
            folder,
            mounted: false,
        };
        let image = File::create(disk.image()).expect("an image can be made");
        image.set_len(BYTES).expect("an image can be made");
        std::fs::create_dir(disk.path()).expect("a folder can be made");
        run("mkfs.ext4", &["-q", "-F", "-m", "0", text(&disk.image())]);
        disk.mount()
    }

    /// Mounts it, or mounts it again.
    pub(crate) fn mount(mut self) -> Self {
        run(
            "mount",
            &["-o", "loop", text(&self.image()), text(&self.path())],
        );
        self.mounted = true;
        self
    }

    /// Takes it away; nobody may use it any more.
    pub(crate) fn unmount(mut self) -> Self {
        run("umount", &[text(&self.path())]);
        self.mounted = false;
        self
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }

    /// Leaves not a block free. What others give back meanwhile is taken at the next call.
    pub(crate) fn fill(&self) {
        let mut ballast = File::options()
            .create(true)
            .append(true)
            .open(self.ballast())
            .expect("the ballast can be made");
        for piece in [1 << 20, 1 << 10] {
            let piece = vec![1; piece];
            loop {
                match ballast.write_all(&piece) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("filling {}: {error}", self.ballast().display()),
                }
            }
        }
        // Space is taken for good when it is on the disk.
        ballast.sync_all().expect("what was written has its place");
    }

    /// Gives the space back.
    pub(crate) fn free(&self) {
        std::fs::remove_file(self.ballast()).expect("the ballast is there");
    }

    /// Has the kernel find an error on it, and take all writing away from those who use it.
    pub(crate) fn break_down(&self) {
        run(
            "mount",
            &["-o", "remount,errors=remount-ro", text(&self.path())],
        );
        let device = run("findmnt", &["-no", "SOURCE", text(&self.path())]);
        let device = Path::new(device.trim())
            .file_name()
            .expect("a device has a name")
            .to_owned();
        let trigger = Path::new("/sys/fs/ext4")
            .join(device)
            .join("trigger_fs_error");
        std::fs::write(&trigger, "1")
            .unwrap_or_else(|error| panic!("writing {}: {error}", trigger.display()));
    }

    /// Repairs and mounts it again, as one does after the kernel found an error.
    pub(crate) fn repair(self) -> Self {
        let disk = self.unmount();
        let repaired = Command::new("fsck.ext4")
            .args(["-fy", text(&disk.image())])
            .output()
            .expect("fsck.ext4 can be started");
        // 1: errors were there, and are corrected.
        assert!(
            matches!(repaired.status.code(), Some(0 | 1)),
            "{repaired:?}"
        );
        disk.mount()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted {
            // Also when a test failed and left somebody there.
            let _ = Command::new("umount").arg("-l").arg(self.path()).status();
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str()
        .expect("the name of the temporary folder is text")
}

fn run(program: &str, arguments: &[&str]) -> String {
    let done = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("starting {program}: {error}"));
    assert!(
        done.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8(done.stdout).expect("it speaks UTF-8")
}
