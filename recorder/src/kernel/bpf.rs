//! The few commands of bpf(2) that aya keeps to itself, by hand.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use aya_obj::generated::{bpf_attr, bpf_cmd};

/// A command that answers with a new descriptor.
pub(super) fn open(command: bpf_cmd, fill: impl FnOnce(&mut bpf_attr)) -> io::Result<OwnedFd> {
    let descriptor = call(command, fill)?;
    // SAFETY: a descriptor that the kernel has just made for us.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Pins a map, a link or a program under a name in a BPF file system: it is there for as long as the name is.
pub(super) fn pin(object: BorrowedFd<'_>, path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    call(bpf_cmd::BPF_OBJ_PIN, |attr| {
        attr.__bindgen_anon_4.pathname = path.as_ptr() as u64;
        attr.__bindgen_anon_4.bpf_fd = object.as_raw_fd() as u32;
    })
    .map(drop)
}

/// Opens what is pinned under a name.
pub(super) fn pinned(path: &Path) -> io::Result<OwnedFd> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    open(bpf_cmd::BPF_OBJ_GET, |attr| {
        attr.__bindgen_anon_4.pathname = path.as_ptr() as u64;
    })
}

/// Runs a program of the kind that is run by a system call, and gives what it returns.
pub(super) fn run(program: BorrowedFd<'_>) -> io::Result<u32> {
    // SAFETY: all zeroes are a valid attribute of every command.
    let mut attr = unsafe { std::mem::zeroed::<bpf_attr>() };
    attr.test.prog_fd = program.as_raw_fd() as u32;
    perform(bpf_cmd::BPF_PROG_TEST_RUN, &mut attr)?;
    // SAFETY: the member of this command, which the kernel has filled in.
    Ok(unsafe { attr.test.retval })
}

fn call(command: bpf_cmd, fill: impl FnOnce(&mut bpf_attr)) -> io::Result<i32> {
    // SAFETY: all zeroes are a valid attribute of every command.
    let mut attr = unsafe { std::mem::zeroed::<bpf_attr>() };
    fill(&mut attr);
    perform(command, &mut attr)
}

fn perform(command: bpf_cmd, attr: &mut bpf_attr) -> io::Result<i32> {
    // SAFETY: a whole attribute, and pointers in it that outlive the call.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command as libc::c_long,
            std::ptr::from_mut(attr),
            size_of::<bpf_attr>(),
        )
    };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(answer as i32)
}
