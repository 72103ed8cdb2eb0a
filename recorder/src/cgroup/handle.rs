//! A cgroup's id as a file handle, and back: the kernel's only way from an id to its cgroup.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The kernel's `FILEID_KERNFS`: the handle is the 64-bit `kernfs_node.id`, which is the cgroup's id.
const FILEID_KERNFS: libc::c_int = 0xfe;

/// A `struct file_handle` with room for an id.
#[repr(C)]
struct Handle {
    bytes: libc::c_uint,
    kind: libc::c_int,
    /// As two words, because a `u64` would be aligned away from where the kernel puts it.
    id: [u32; 2],
}

impl Handle {
    fn of(id: u64) -> Self {
        let words = id.to_ne_bytes();
        let [a, b, c, d, e, f, g, h] = words;
        Self {
            bytes: size_of::<[u32; 2]>() as libc::c_uint,
            kind: FILEID_KERNFS,
            id: [
                u32::from_ne_bytes([a, b, c, d]),
                u32::from_ne_bytes([e, f, g, h]),
            ],
        }
    }

    fn id(&self) -> u64 {
        let ([a, b, c, d], [e, f, g, h]) = (self.id[0].to_ne_bytes(), self.id[1].to_ne_bytes());
        u64::from_ne_bytes([a, b, c, d, e, f, g, h])
    }
}

/// The id of the cgroup whose directory this is.
pub(super) fn id_of(directory: &Path) -> io::Result<u64> {
    let path = CString::new(directory.as_os_str().as_bytes())?;
    let mut handle = Handle::of(0);
    let mut mount_id: libc::c_int = 0;
    // SAFETY: the path ends in NUL; `handle` is laid out as the kernel's struct and says truly how many bytes follow its header.
    let said = unsafe {
        libc::name_to_handle_at(
            libc::AT_FDCWD,
            path.as_ptr(),
            (&raw mut handle).cast(),
            &raw mut mount_id,
            libc::AT_SYMLINK_FOLLOW,
        )
    };
    if said < 0 {
        return Err(io::Error::last_os_error());
    }
    if handle.kind != FILEID_KERNFS {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "its file handle is not that of a cgroup",
        ));
    }
    Ok(handle.id())
}

/// Opens the cgroup with this id in the hierarchy that `mount` is a directory of. A cgroup that is gone is `ESTALE`.
pub(super) fn open(mount: BorrowedFd<'_>, id: u64) -> io::Result<File> {
    let mut handle = Handle::of(id);
    let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
    // SAFETY: `handle` is laid out as the kernel's struct and says truly how many bytes follow its header.
    let fd = unsafe { libc::open_by_handle_at(mount.as_raw_fd(), (&raw mut handle).cast(), flags) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just given us this descriptor, and nobody else holds it.
    Ok(unsafe { File::from_raw_fd(fd) })
}
