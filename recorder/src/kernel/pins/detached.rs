//! A BPF file system that is mounted nowhere: to try pinning in. What is pinned in it is gone with the descriptor, however this process ends.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::PathBuf;

/// Of `linux/mount.h`; libc does not have them for every target.
const FSOPEN_CLOEXEC: libc::c_uint = 1;
const FSMOUNT_CLOEXEC: libc::c_uint = 1;
const FSCONFIG_CMD_CREATE: libc::c_uint = 6;

/// One, for as long as this is open.
pub(super) struct Detached(OwnedFd);

impl Detached {
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: a string that ends with NUL, and a flag.
        let context = unsafe { libc::syscall(libc::SYS_fsopen, c"bpf".as_ptr(), FSOPEN_CLOEXEC) };
        let context = descriptor(context)?;
        let no_text = std::ptr::null::<libc::c_char>();
        // SAFETY: an open context, and a command that takes no key and no value.
        let created = unsafe {
            libc::syscall(
                libc::SYS_fsconfig,
                context.as_raw_fd(),
                FSCONFIG_CMD_CREATE,
                no_text,
                no_text,
                0,
            )
        };
        if created < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: an open context, a flag, and no attributes.
        let mount =
            unsafe { libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), FSMOUNT_CLOEXEC, 0) };
        descriptor(mount).map(Self)
    }

    /// A name for its root, in this process.
    pub(super) fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.0.as_raw_fd()).into()
    }
}

fn descriptor(answer: libc::c_long) -> io::Result<OwnedFd> {
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a descriptor that the kernel has just made for us.
    Ok(unsafe { OwnedFd::from_raw_fd(answer as i32) })
}
