//! One process at a time has a data directory. The kernel lets go of the lock when its holder dies, however it dies.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;

/// The directory is this process's until this is dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held open: closing it lets go")] File);

/// Who has the directory, in words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Holder(String);

impl Holder {
    /// Whether it is there in this role.
    pub(crate) fn is(&self, role: &str) -> bool {
        self.0.starts_with(&format!("`{role}`"))
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Takes the lock, or tells who has it.
pub(super) fn take(path: &Path, role: &str) -> anyhow::Result<Result<Lock, Holder>> {
    let doing = || {
        let file = path.display();
        format!("cannot lock the data directory with {file}; another can be named with --data")
    };
    let open = |to_write| {
        File::options()
            .read(true)
            .write(to_write)
            .create(to_write)
            .truncate(false)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path)
    };
    // Who has it may go on with it after its file system was made read-only, and is still found.
    let (mut file, unwritable) = match open(true) {
        Ok(file) => (file, None),
        Err(error) if error.kind() == ErrorKind::ReadOnlyFilesystem => match open(false) {
            Ok(file) => (file, Some(error)),
            Err(_) => return Err(error).with_context(doing),
        },
        Err(error) => return Err(error).with_context(doing),
    };
    match file.try_lock() {
        Ok(()) => {
            if let Some(error) = unwritable {
                return Err(error).with_context(doing);
            }
            let write = |file: &mut File| {
                file.set_len(0)?;
                file.rewind()?;
                write!(file, "`{role}`, process {}", std::process::id())
            };
            write(&mut file).with_context(doing)?;
            Ok(Ok(Lock(file)))
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // A holder that has only just taken it has not written its name yet.
            let read = file.take(200).read_to_string(&mut holder);
            let unknown = read.is_err() || holder.is_empty();
            Ok(Err(Holder(if unknown {
                "another process".into()
            } else {
                holder
            })))
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(doing),
    }
}
