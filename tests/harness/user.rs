//! A user, really somebody else for the kernel: what they start, and their side of the program's socket.

use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::libc;

use super::process::Process;
use super::program;
use super::up::Data;
use super::wait::PATIENCE;

/// By their id, in a group of the same number and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User(pub(crate) u32);

/// Who needs no leave.
pub(crate) const ROOT: User = User(0);
/// One without, and another.
pub(crate) const NOBODY: User = User(65534);
pub(crate) const SOMEBODY: User = User(64321);

impl User {
    /// Has them start it.
    pub(crate) fn start(self, command: &mut Command) -> Process {
        Process::start(self.put_on(command))
    }

    /// Makes a command theirs. Further groups go with root's rights.
    pub(crate) fn put_on(self, command: &mut Command) -> &mut Command {
        command.uid(self.0).gid(self.0).current_dir("/")
    }

    /// Has them start a command under `bubble-chamber run`, with its options.
    pub(crate) fn run(self, data: &Data, options: &[&str], command: &[&str]) -> Process {
        let mut run = program::command(&["run", "--data", data.as_str()]);
        self.start(run.args(options).arg("--").args(command))
    }

    /// Connects as they would, so many times.
    pub(crate) fn connect(self, socket: &Path, times: usize) -> Vec<UnixStream> {
        let connect = || {
            // SAFETY: the bare system call takes three numbers and changes this thread alone, which has one thing left to do.
            let changed = unsafe { libc::syscall(libc::SYS_setresuid, self.0, self.0, self.0) };
            assert_eq!(changed, 0, "root may become anybody");
            let streams = (0..times).map(|_| UnixStream::connect(socket));
            streams
                .collect::<Result<_, _>>()
                .expect("every user may connect")
        };
        let streams: Vec<UnixStream> =
            std::thread::scope(|scope| scope.spawn(connect).join().expect("the thread connects"));
        for stream in &streams {
            stream
                .set_read_timeout(Some(PATIENCE))
                .expect("a patience can be set");
        }
        streams
    }
}
