//! bpf(2), for what is measured in the kernel.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// Gives a command.
///
/// # Safety
/// `attributes` begins as the command wants it, and pointers in it outlive the call; what follows is taken for zero.
pub(super) unsafe fn call<T>(command: libc::c_int, attributes: &mut T) -> io::Result<i32> {
    // SAFETY: the pointer and the length are those of a live value; the rest is the caller's promise.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            std::ptr::from_mut(attributes),
            size_of::<T>(),
        )
    };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(answer as i32)
}

/// Gives a command that answers with a new descriptor.
///
/// # Safety
/// As for [`call`], of a command that does.
pub(super) unsafe fn open<T>(command: libc::c_int, attributes: &mut T) -> io::Result<OwnedFd> {
    // SAFETY: the caller's promise; nobody else owns what the kernel has just made for us.
    unsafe { call(command, attributes).map(|fd| OwnedFd::from_raw_fd(fd)) }
}
