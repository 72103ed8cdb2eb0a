//! A running `bubble-chamber up` with a data directory of its own, and what a user does with it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::api::Api;
use super::process::{Ended, Process};
use super::wait::{self, PATIENCE};
use super::{oracle, program};

/// For a command under `run`, its records included.
pub(crate) const RUNS_WITHIN: Duration = PATIENCE;

/// An address on loopback with a port of the kernel's choice: one that is looked for first may be somebody else's by then.
pub(crate) const ANY_PORT: &str = "127.0.0.1:0";

/// The data directory of a test.
pub(crate) struct Data {
    path: PathBuf,
    /// Removed with this.
    _temporary: Option<TempDir>,
}

impl Data {
    /// An empty one.
    pub(crate) fn new() -> Self {
        let temporary = tempfile::Builder::new()
            .prefix("bc-live-")
            .tempdir()
            .expect("a temporary folder can be made");
        Self {
            path: temporary.path().to_owned(),
            _temporary: Some(temporary),
        }
    }

    /// One somewhere else, which `up` makes.
    pub(crate) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            _temporary: None,
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its path as text.
    pub(crate) fn as_str(&self) -> &str {
        self.path()
            .to_str()
            .expect("the name of the temporary folder is text")
    }

    /// Starts `up` in it, with further arguments.
    #[track_caller]
    pub(crate) fn up(&self, args: &[&str]) -> Up {
        let process = Process::start(
            program::command(&["up", "--data", self.as_str(), "--listen", ANY_PORT]).args(args),
        );
        // The one thing on standard output is the admin's URL, with some words around it.
        let (url, token) = std::iter::repeat_with(|| process.line(PATIENCE))
            .find_map(|line| {
                line.split_once("token=")
                    .map(|(url, token)| (url.trim().to_owned(), token.trim().to_owned()))
            })
            .expect("lines come until there are no more, which fails by itself");
        let address = url
            .strip_prefix("http://")
            .and_then(|rest| rest.split('/').next()?.parse::<SocketAddr>().ok())
            .filter(|address| address.ip().is_loopback())
            .unwrap_or_else(|| panic!("the URL leads elsewhere: {url}"));
        let api = Api { address, token };
        Up {
            process,
            api,
            data: self.path().to_owned(),
        }
    }

    /// A token, as `bubble-chamber token` prints it.
    #[track_caller]
    pub(crate) fn token(&self, args: &[&str]) -> String {
        let ended =
            Process::start(program::command(&["token", "--data", self.as_str()]).args(args))
                .finish(PATIENCE)
                .success();
        assert_eq!(
            ended.stdout.len(),
            1,
            "a token and nothing else: {:?}",
            ended.stdout
        );
        ended.stdout[0].clone()
    }

    /// Starts a command under `bubble-chamber run`.
    #[track_caller]
    pub(crate) fn run(&self, id: &str, command: &[&str]) -> Process {
        Process::start(
            program::command(&["run", "--data", self.as_str(), "--id", id, "--"]).args(command),
        )
    }
}

/// A running `up`.
pub(crate) struct Up {
    process: Process,
    /// The admin's view.
    pub(crate) api: Api,
    data: PathBuf,
}

impl Up {
    /// Everything in the data directory, as bytes.
    pub(crate) fn stored_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for entry in std::fs::read_dir(&self.data).expect("the data directory can be listed") {
            let entry = entry.expect("the data directory can be listed");
            if entry.file_type().expect("a file has a type").is_file()
                && entry.file_name() != "secret"
            {
                bytes.extend(
                    std::fs::read(entry.path()).expect("a file of the data directory can be read"),
                );
            }
        }
        bytes
    }

    /// Sends a signal to it.
    pub(crate) fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// The socket on which it takes commands of every user.
    #[track_caller]
    pub(crate) fn socket(&self) -> PathBuf {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.process.pid()))
            .expect("a process has a list of descriptors")
            .filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok())
            .collect::<Vec<_>>();
        let all = std::fs::read_to_string("/proc/net/unix").expect("the kernel lists sockets");
        all.lines()
            .filter_map(|line| {
                let mut fields = line.split_whitespace().skip(6);
                Some((fields.next()?, fields.next()?))
            })
            .filter(|(_, path)| path.starts_with("/run/bubble-chamber/"))
            .find(|(inode, _)| open.contains(&PathBuf::from(format!("socket:[{inode}]"))))
            .map(|(_, path)| path.into())
            .expect("it listens there")
    }

    /// Its pid.
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// What it has logged so far.
    pub(crate) fn stderr(&self) -> String {
        self.process.stderr()
    }

    /// Waits until it has logged this: what it writes is read beside the test.
    #[track_caller]
    pub(crate) fn has_logged(&self, text: &str) {
        wait::until(&format!("`{text}` in the log"), PATIENCE, || {
            let said = self.stderr();
            said.contains(text).then_some(()).ok_or(said)
        });
    }

    /// Asks it to end, and says how it did.
    #[track_caller]
    pub(crate) fn terminate(self) -> Ended {
        self.process.terminate(PATIENCE)
    }

    /// Stops it as an init system would, and fails unless it goes orderly.
    #[track_caller]
    pub(crate) fn stop(self) -> Ended {
        self.process.terminate(PATIENCE).success()
    }
}

/// Runs an oracle under `run`, and returns what it printed.
#[track_caller]
pub(crate) fn run_oracle(
    data: &Data,
    id: &str,
    name: &str,
    args: &[&str],
) -> Vec<serde_json::Value> {
    let path = oracle::path(name);
    let mut command = vec![path.as_str()];
    command.extend(args);
    oracle::truths(&data.run(id, &command).finish(RUNS_WITHIN).success().stdout)
}
