//! The command's process. It is made before this process starts a thread, with every signal, descriptor and the terminal as
//! the caller left them, and waits until it may become the command.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use anyhow::Context;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::wait::waitpid;
use nix::unistd::{AccessFlags, ForkResult, Pid, execvp, faccessat, fork, pipe2, read, write};

use super::caller::Caller;
use super::watch::Ended;
use crate::control::client::Client;
use crate::control::{Answer, Ask};
use crate::report::say;

/// What a shell answers when a command is there but cannot be executed, and when it is not there.
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;

/// What the process is told: to ask the `up` for a cgroup of its own, and to become the command.
const ASK: u8 = b'a';
const GO: u8 = b'g';

/// A process that waits to become the command. Dropped, it ends without having become anything.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// The process.
    pub(crate) pid: Pid,
    go: OwnedFd,
    says: BufReader<File>,
}

/// Makes the process. `join` is what it would ask an `up`: that records who asks, so it must be the process itself. `Err`: it has
/// already ended, because there is no such command; it has said so.
pub(crate) fn fork_waiting(
    command: &[OsString],
    caller: &Caller,
    join: (&Client, &Ask),
) -> anyhow::Result<Result<Waiting, Ended>> {
    let doing = "cannot make a process for the command";
    let words: Vec<CString> = command
        .iter()
        .map(|word| CString::new(word.clone().into_vec()))
        .collect::<Result<_, _>>()
        .context(doing)?;
    let (says, tell) = pipe2(OFlag::O_CLOEXEC).context(doing)?;
    let (told, go) = pipe2(OFlag::O_CLOEXEC).context(doing)?;
    // A caller that ignores the ends of its children would have the kernel throw away how the command ended.
    // SAFETY: the default action is no handler, so no code of ours runs in signal context.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigDfl) }.context(doing)?;
    // SAFETY: this process has one thread yet (the runtime starts later), so no lock is held by a thread that the child lacks.
    match unsafe { fork() }.context(doing)? {
        ForkResult::Child => {
            drop((says, go));
            let code = become_command(&words, caller, join, File::from(tell), &told);
            // SAFETY: ends the process at once; what the parent has buffered is the parent's to write.
            unsafe { libc::_exit(code) }
        }
        ForkResult::Parent { child } => {
            drop((tell, told));
            let mut says = BufReader::new(File::from(says));
            Ok(match says.skip_until(b'\n').context(doing)? {
                0 => Err(Ended::of(waitpid(child, None).context(doing)?).context(doing)?),
                _ => Ok(Waiting {
                    pid: child,
                    go,
                    says,
                }),
            })
        }
    }
}

impl Waiting {
    /// Has it ask the `up`. `None`: it has ended instead (a signal while it waited); how is seen by who waits for it.
    pub(crate) fn ask(&mut self) -> anyhow::Result<Option<Answer>> {
        let doing = "cannot learn what the `up` answered to the command's process";
        self.tell(ASK)?;
        let mut answer = String::new();
        match self.says.read_line(&mut answer).context(doing)? {
            0 => Ok(None),
            _ => Ok(Some(serde_json::from_str(&answer).context(doing)?)),
        }
    }

    /// Lets it become the command.
    pub(crate) fn release(self) -> anyhow::Result<Pid> {
        self.tell(GO)?;
        Ok(self.pid)
    }

    fn tell(&self, what: u8) -> anyhow::Result<()> {
        match write(&self.go, &[what]) {
            // It is gone already; how it ended is seen by who waits for it.
            Ok(_) | Err(Errno::EPIPE) => Ok(()),
            Err(error) => Err(error).context("cannot let the command start"),
        }
    }
}

/// Does not come back when all goes well; else the exit code.
fn become_command(
    words: &[CString],
    caller: &Caller,
    (up, ask): (&Client, &Ask),
    mut tell: File,
    told: &OwnedFd,
) -> i32 {
    let command = OsStr::from_bytes(words[0].as_bytes());
    if let Err(error) = caller.become_them() {
        say(format!("{error:#}"));
        return NOT_EXECUTABLE;
    }
    if let Err(error) = look_up(command, std::env::var_os("PATH").as_deref()) {
        return refusal(command, error);
    }
    let mut line = b"\n".to_vec();
    loop {
        let mut what = [0];
        if tell.write_all(&line).is_err() || read(told, &mut what) != Ok(1) {
            // The parent gave up, and has said why.
            return NOT_EXECUTABLE;
        }
        if what[0] == GO {
            break;
        }
        let answer = up.ask(ask).unwrap_or_else(|error| Answer::Refused {
            why: format!("{error:#}"),
        });
        line = serde_json::to_vec(&answer).unwrap_or_default();
        line.push(b'\n');
    }
    // The runtime of this language ignores SIGPIPE; the command must not inherit that.
    // SAFETY: the default action is no handler, so no code of ours runs in signal context.
    let reset = unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) };
    let words: Vec<&CStr> = words.iter().map(CString::as_c_str).collect();
    match reset.and_then(|_| execvp(words[0], &words)) {
        Ok(never) => match never {},
        Err(error) => refusal(command, error),
    }
}

fn refusal(command: &OsStr, error: Errno) -> i32 {
    let command = match command.to_string_lossy() {
        nothing if nothing.is_empty() => "''".into(),
        command => command,
    };
    if error == Errno::ENOENT {
        say(format!("{command}: not found"));
        return NOT_FOUND;
    }
    say(format!("{command}: cannot be executed: {}", error.desc()));
    NOT_EXECUTABLE
}

/// Whether a command can be there, before anything is recorded of it. The last word is the kernel's.
pub(super) fn look_up(command: &OsStr, path: Option<&OsStr>) -> Result<(), Errno> {
    // No file is called nothing; a folder with nothing appended is itself.
    if command.is_empty() {
        return Err(Errno::ENOENT);
    }
    if command.as_bytes().contains(&b'/') {
        return executable(Path::new(command));
    }
    // Without a PATH, the C library has one of its own.
    let Some(path) = path else { return Ok(()) };
    let mut worst = Errno::ENOENT;
    for folder in std::env::split_paths(path) {
        match executable(&folder.join(command)) {
            Ok(()) => return Ok(()),
            // In a folder that this user may not enter, nothing is there for them.
            Err(Errno::EACCES) if folder.join(command).exists() => worst = Errno::EACCES,
            Err(_) => {}
        }
    }
    Err(worst)
}

fn executable(file: &Path) -> Result<(), Errno> {
    faccessat(AT_FDCWD, file, AccessFlags::X_OK, AtFlags::AT_EACCESS)?;
    // Folders have the same mode bit.
    if file.is_dir() {
        Err(Errno::EACCES)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_as_a_shell_finds_them() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("no-x"), "").unwrap();
        let path = std::env::join_paths([folder.path(), Path::new("/bin")]).unwrap();
        let found = |command: &str| look_up(OsStr::new(command), Some(&path));
        assert_eq!(found("sh"), Ok(()));
        assert_eq!(found("/bin/sh"), Ok(()));
        assert_eq!(found("surely-not-there"), Err(Errno::ENOENT));
        assert_eq!(found(""), Err(Errno::ENOENT));
        assert_eq!(found("/surely/not/there"), Err(Errno::ENOENT));
        assert_eq!(found("no-x"), Err(Errno::EACCES));
        assert_eq!(found("/tmp"), Err(Errno::EACCES));
        assert_eq!(look_up(OsStr::new("sh"), None), Ok(()));
    }
}
