//! Opening a page in the caller's browser. Its process is made before this one starts a thread, as the caller, and waits for the address.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use nix::fcntl::OFlag;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::{ForkResult, execvp, fork, pipe2, setsid};

use super::caller::Caller;
use super::child::look_up;

/// What opens anything, on every desktop.
const OPENER: &str = "xdg-open";

/// A process that waits for an address. Dropped, it ends.
pub(crate) struct Browser(File);

impl Browser {
    /// Makes the process, or says in words why there is none.
    pub(crate) fn prepare(caller: &Caller) -> anyhow::Result<Result<Self, &'static str>> {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if !set("DISPLAY") && !set("WAYLAND_DISPLAY") {
            return Ok(Err("there is no display to open it on"));
        }
        if look_up(OsStr::new(OPENER), std::env::var_os("PATH").as_deref()).is_err() {
            return Ok(Err("xdg-open, which would open it, is not installed"));
        }
        let doing = "cannot make a process to open the page";
        let (told, tell) = pipe2(OFlag::O_CLOEXEC).context(doing)?;
        // SAFETY: this process has one thread yet (the runtime starts later), so no lock is held by a thread that the child lacks.
        match unsafe { fork() }.context(doing)? {
            ForkResult::Child => {
                drop(tell);
                let _ = open_when_told(caller, told);
                // SAFETY: ends the process at once; what the parent has buffered is the parent's to write.
                unsafe { libc::_exit(1) }
            }
            ForkResult::Parent { .. } => Ok(Ok(Self(File::from(tell)))),
        }
    }

    /// Has the page opened.
    pub(crate) fn open(mut self, url: &str) {
        if let Err(error) = writeln!(self.0, "{url}") {
            tracing::warn!(%error, "the page is not opened");
        }
    }
}

/// Comes back only if there is nothing to open, or no way to.
fn open_when_told(caller: &Caller, told: OwnedFd) -> anyhow::Result<()> {
    caller.become_them()?;
    // Neither keys nor the end of the terminal are for it, and what it says is not the command's.
    setsid()?;
    let nowhere = File::options().read(true).write(true).open("/dev/null")?;
    nix::unistd::dup2_stdin(&nowhere)?;
    nix::unistd::dup2_stdout(&nowhere)?;
    nix::unistd::dup2_stderr(&nowhere)?;
    let mut url = String::new();
    BufReader::new(File::from(told)).read_line(&mut url)?;
    if !url.ends_with('\n') {
        return Ok(());
    }
    let file = write_redirect(&folder(), url.trim_end())?;
    // SAFETY: the default action is no handler, so no code of ours runs in signal context.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }?;
    let words = [
        CString::new(OPENER)?,
        CString::new(file.as_os_str().as_bytes())?,
    ];
    match execvp(&words[0], &words)? {}
}

/// A folder of the user's own that is emptied when they log out, or else the one for everybody's passing files.
fn folder() -> PathBuf {
    std::env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|folder| folder.is_dir())
        .unwrap_or_else(std::env::temp_dir)
}

/// A page that leads to the address. Every user can read what programs are started with, and the address holds a token: so the
/// browser is given this, which is for its owner's eyes alone.
fn write_redirect(folder: &Path, url: &str) -> anyhow::Result<PathBuf> {
    let name = format!("bubble-chamber-{:016x}.html", rand::random::<u64>());
    let path = folder.join(name);
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    writeln!(
        file,
        "<!doctype html><meta http-equiv=\"refresh\" content=\"0; url={}\">",
        escaped(url)
    )?;
    Ok(path)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_address_is_in_a_file_for_its_owners_eyes() {
        let folder = tempfile::tempdir().unwrap();
        let path = write_redirect(folder.path(), "http://h/?a=\"<b>&token=t").unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.contains("url=http://h/?a=&quot;&lt;b>&amp;token=t\""),
            "{text}"
        );
    }
}
