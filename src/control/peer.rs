//! Who is at the other end of a connection, by what the kernel noted when it was made.

use std::os::fd::{AsFd, FromRawFd, OwnedFd};

use anyhow::{Context, bail};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{getsockopt, sockopt};
use tokio::net::UnixStream;

/// The process that connected.
#[derive(Debug)]
pub(crate) struct Peer {
    /// As whom it connected.
    pub(crate) uid: u32,
    /// Its pid then; 0 where it is not to be seen from here.
    pub(crate) pid: u32,
    /// The process itself, which a pid may not be any more. Absent: it has ended.
    process: Option<OwnedFd>,
}

impl Peer {
    /// Who connected.
    pub(crate) fn of(stream: &UnixStream) -> std::io::Result<Self> {
        let credentials = getsockopt(stream, sockopt::PeerCredentials)?;
        let process = getsockopt(stream, sockopt::PeerPidfd)
            .ok()
            // Before kernel 6.5; whether it still is who connected is seen by its user.
            .or_else(|| open(credentials.pid()));
        Ok(Self {
            uid: credentials.uid(),
            pid: credentials.pid().unsigned_abs(),
            process,
        })
    }

    /// Fails when the process has ended, or is another user's by now: a pid may have been given anew, or it executed a program
    /// that runs as somebody else.
    pub(crate) fn is_still_there(&self) -> anyhow::Result<()> {
        let gone = "the process that asked has ended";
        let process = self.process.as_ref().context(gone)?;
        if self.pid == 0 {
            bail!(
                "the process that asked is in a container whose processes cannot be seen from here"
            );
        }
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).context(gone)?;
        let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        let own = self.uid.to_string();
        if !uids.is_some_and(|uids| uids.split_whitespace().all(|uid| uid == own)) {
            bail!("the process that asked is not the user's who asked any more");
        }
        // Last: as long as this one has not ended, the pid is its own, and what was read was about it.
        let mut ended = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
        match poll(&mut ended, PollTimeout::ZERO).context(gone)? {
            0 => Ok(()),
            _ => bail!(gone),
        }
    }
}

fn open(pid: i32) -> Option<OwnedFd> {
    // SAFETY: the call takes two numbers and touches no memory.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0)?;
    // SAFETY: the kernel has just given us this descriptor, and nobody else holds it.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[tokio::test]
    async fn it_is_who_connected_until_it_ends() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let peer = Peer::of(&ours).unwrap();
        assert_eq!(peer.pid, std::process::id());
        assert_eq!(peer.uid, nix::unistd::geteuid().as_raw());
        peer.is_still_there().unwrap();
        let other = Peer {
            uid: peer.uid + 1,
            ..peer
        };
        let said = other.is_still_there().unwrap_err().to_string();
        assert!(said.contains("not the user's"), "{said}");
    }

    #[test]
    fn one_that_has_ended_is_not_taken_for_who_has_its_pid() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let peer = Peer {
            uid: nix::unistd::geteuid().as_raw(),
            pid: child.id(),
            process: open(child.id().cast_signed()),
        };
        peer.is_still_there().unwrap();
        drop(child.stdin.take());
        child.wait().unwrap();
        let same_pid = Peer {
            pid: std::process::id(),
            ..peer
        };
        let said = same_pid.is_still_there().unwrap_err().to_string();
        assert!(said.contains("has ended"), "{said}");
    }
}
