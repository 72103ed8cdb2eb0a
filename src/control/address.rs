//! Where the socket of a data directory is: beside all others, where every user may reach it. The directory itself is for its owner
//! alone, so the name is one that can be told without looking into it.
//!
//! Who is killed leaves a socket behind that nobody answers at. The next one of its directory takes its place; where there is none, whoever comes next
//! removes it.

use std::fs::{DirBuilder, Permissions};
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect};
use tokio::net::UnixListener;

/// The folder of all sockets. Only root makes files below `/run`, so whoever answers there is root.
const FOLDER: &str = "/run/bubble-chamber";

/// How old a socket is that nobody answers at because its process is dead, and not because it has only just made it.
const AGE: Duration = Duration::from_secs(60);

/// The socket of a data directory: named after its path, which need not exist.
pub(crate) fn of(data: &Path) -> PathBuf {
    // The way to it may be one that this user may not go; then only the path as it was given is known.
    let path = data
        .canonicalize()
        .or_else(|_| std::path::absolute(data))
        .unwrap_or_else(|_| data.to_owned());
    let name = blake3::hash(path.as_os_str().as_encoded_bytes()).to_hex();
    Path::new(FOLDER).join(format!("{}.sock", &name[..16]))
}

/// A socket that was opened. It goes with this, which must not outlive the directory's lock: the next holder's has the same name.
#[derive(Debug)]
pub(crate) struct Opened(PathBuf);

impl Opened {
    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Opens the socket for everybody. Only for who holds the directory's lock: a socket that is there is then a dead one's.
pub(crate) fn listen(socket: PathBuf) -> anyhow::Result<(UnixListener, Opened)> {
    let opened = Opened(socket);
    let socket = opened.path();
    let doing = || format!("cannot open the control socket {}", socket.display());
    let folder = socket.parent().unwrap_or(Path::new("/"));
    make_folder(folder).with_context(doing)?;
    clear_dead(folder, SystemTime::now() - AGE);
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).with_context(doing),
        _ => {}
    }
    let listener = UnixListener::bind(socket).with_context(doing)?;
    std::fs::set_permissions(socket, Permissions::from_mode(0o666)).with_context(doing)?;
    Ok((listener, opened))
}

/// Removes the sockets of dead processes that were made before `since`: their data directories may be gone, so nobody else would.
fn clear_dead(folder: &Path, since: SystemTime) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let old = entry.metadata().is_ok_and(|about| {
            about.file_type().is_socket() && about.modified().is_ok_and(|made| made < since)
        });
        if old && is_dead(&entry.path()) {
            match std::fs::remove_file(entry.path()) {
                Ok(()) => {
                    tracing::info!(path = %entry.path().display(), "removed the control socket of a process that was killed")
                }
                Err(error) => {
                    tracing::warn!(%error, path = %entry.path().display(), "the control socket of a process that was killed stays")
                }
            }
        }
    }
}

/// Whether nobody listens there. One with a long queue does.
fn is_dead(socket: &Path) -> bool {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let visitor = nix::sys::socket::socket(AddressFamily::Unix, SockType::Stream, flags, None);
    let (Ok(visitor), Ok(address)) = (visitor, UnixAddr::new(socket)) else {
        return false;
    };
    connect(visitor.as_raw_fd(), &address) == Err(Errno::ECONNREFUSED)
}

/// Makes the folder, or makes sure that nobody else can put a socket of theirs there.
fn make_folder(folder: &Path) -> anyhow::Result<()> {
    match DirBuilder::new().mode(0o755).create(folder) {
        Ok(()) => {
            // What this process makes is else for its owner alone.
            std::fs::set_permissions(folder, Permissions::from_mode(0o755))?;
            return Ok(());
        }
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
        Err(_) => {}
    }
    let about = std::fs::symlink_metadata(folder)?;
    let ours = about.is_dir() && about.uid() == nix::unistd::geteuid().as_raw();
    if !ours || about.mode() & 0o022 != 0 {
        bail!(
            "others may write to {0}: say `chown root {0}; chmod 755 {0}`",
            folder.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_directory_has_one_socket_however_it_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert_eq!(of(path), of(&path.join(".")));
        assert_eq!(
            of(path),
            of(&path.join("../").join(path.file_name().unwrap()))
        );
        assert_ne!(of(path), of(&path.join("other")));
        assert_eq!(of(&path.join("missing")), of(&path.join("missing")));
        assert!(
            of(path).as_os_str().len() < 100,
            "the kernel takes 107 bytes"
        );
    }

    #[test]
    fn a_folder_that_others_may_write_to_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let ours = folder.path().join("ours");
        make_folder(&ours).unwrap();
        make_folder(&ours).unwrap();
        std::fs::set_permissions(&ours, Permissions::from_mode(0o777)).unwrap();
        assert!(
            make_folder(&ours)
                .unwrap_err()
                .to_string()
                .contains("chmod")
        );
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        make_folder(&link).unwrap_err();
    }

    #[test]
    fn sockets_of_the_dead_go_and_those_of_the_living_stay() {
        use nix::sys::socket::{Backlog, bind, listen};
        use std::os::unix::net::UnixListener;

        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        drop(UnixListener::bind(at("dead.sock")).unwrap());
        let address = UnixAddr::new(&at("living.sock")).unwrap();
        let socket = || {
            let flags = SockFlag::SOCK_NONBLOCK;
            nix::sys::socket::socket(AddressFamily::Unix, SockType::Stream, flags, None).unwrap()
        };
        let living = socket();
        bind(living.as_raw_fd(), &address).unwrap();
        listen(&living, Backlog::new(1).unwrap()).unwrap();
        std::fs::write(at("file"), "").unwrap();
        let made = std::fs::metadata(at("dead.sock"))
            .unwrap()
            .modified()
            .unwrap();
        clear_dead(folder.path(), made);
        assert!(at("dead.sock").exists(), "it may be about to listen");

        let since = SystemTime::now() + Duration::from_secs(1);
        clear_dead(folder.path(), since);
        assert!(!at("dead.sock").exists());
        assert!(at("living.sock").exists() && at("file").exists());
        // Nobody is let in, and the queue is full: it still lives.
        let mut queue = Vec::new();
        loop {
            let next = socket();
            match connect(next.as_raw_fd(), &address) {
                Ok(()) => queue.push(next),
                Err(error) => break assert_eq!(error, Errno::EAGAIN),
            }
        }
        clear_dead(folder.path(), since);
        assert!(at("living.sock").exists());
    }
}
