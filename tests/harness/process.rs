//! A process that a test started: its lines as they come, its end within a bound, and its death when the test fails.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

/// How long one that is not waited for may take to end by itself.
const ENDS_WITHIN: Duration = Duration::from_secs(20);
/// How many lines of what it said are shown when a test fails.
const LAST_WORDS: usize = 30;

/// A started process.
pub(crate) struct Process {
    child: Child,
    name: String,
    lines: Receiver<String>,
    stderr: Arc<Mutex<String>>,
    stderr_end: Receiver<()>,
    ended: Receiver<()>,
}

/// What is left of it.
pub(crate) struct Ended {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// The lines of standard output that nobody had read.
    pub(crate) stdout: Vec<String>,
    /// Standard error, whole.
    pub(crate) stderr: String,
}

impl Ended {
    /// The exit code, or 128 + the signal, as a shell would say it.
    pub(crate) fn code(&self) -> i32 {
        self.status
            .code()
            .unwrap_or_else(|| 128 + self.status.signal().unwrap_or(0))
    }

    /// Fails, with what it said on standard error, unless it exited with 0.
    #[track_caller]
    pub(crate) fn success(self) -> Self {
        assert!(
            self.status.success(),
            "it ended with {}, and said: {}",
            self.status,
            self.stderr
        );
        self
    }
}

impl Process {
    /// Starts a command.
    #[track_caller]
    pub(crate) fn start(command: &mut Command) -> Self {
        let name = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("starting {name}: {error}"));

        let (line, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        std::thread::spawn(move || {
            stdout
                .split(b'\n')
                .map_while(Result::ok)
                .try_for_each(|l| line.send(String::from_utf8_lossy(&l).into_owned()))
        });

        let stderr = Arc::new(Mutex::new(String::new()));
        let (stderr_over, stderr_end) = mpsc::channel::<()>();
        let (mut from, to) = (
            child.stderr.take().expect("stderr is piped"),
            Arc::clone(&stderr),
        );
        std::thread::spawn(move || {
            let _over = stderr_over;
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = from.read(&mut piece) {
                to.lock()
                    .expect("no holder panics")
                    .push_str(&String::from_utf8_lossy(&piece[..length]));
            }
        });

        let (end, ended) = mpsc::channel();
        let pid = Pid::from_raw(child.id().cast_signed());
        // Waits without reaping: the pid stays ours until `finish` or drop.
        std::thread::spawn(move || {
            waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).map(|_| end.send(()))
        });
        Self {
            child,
            name,
            lines,
            stderr,
            stderr_end,
            ended,
        }
    }

    /// Its pid.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid().cast_signed()), signal)
            .unwrap_or_else(|error| panic!("sending {signal} to {}: {error}", self.name));
    }

    /// Writes to its standard input.
    pub(crate) fn write(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().expect("stdin is not closed yet");
        stdin
            .write_all(text.as_bytes())
            .unwrap_or_else(|error| panic!("writing to {}: {error}", self.name));
    }

    /// Closes its standard input.
    pub(crate) fn close_stdin(&mut self) {
        drop(self.child.stdin.take());
    }

    /// What it has said on standard error so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.lock().expect("no holder panics").clone()
    }

    /// Its next line of standard output.
    #[track_caller]
    pub(crate) fn line(&self, patience: Duration) -> String {
        match self.lines.recv_timeout(patience) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!(
                "{} printed no line within {patience:?}; it said: {}",
                self.name,
                self.stderr()
            ),
            Err(RecvTimeoutError::Disconnected) => panic!(
                "{} printed no further line; it said: {}",
                self.name,
                self.stderr()
            ),
        }
    }

    /// Waits for its end, and for the end of its output (children that it left behind may hold it open).
    #[track_caller]
    pub(crate) fn finish(mut self, patience: Duration) -> Ended {
        self.close_stdin();
        let until = Instant::now() + patience;
        if self.ended.recv_timeout(patience).is_err() {
            panic!(
                "{} did not end within {patience:?}; it said: {}",
                self.name,
                self.stderr()
            );
        }
        let status = self
            .child
            .wait()
            .expect("a child that has ended can be reaped");
        let left = || {
            until
                .saturating_duration_since(Instant::now())
                .max(Duration::from_millis(1))
        };
        let mut stdout = Vec::new();
        loop {
            match self.lines.recv_timeout(left()) {
                Ok(line) => stdout.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!(
                    "{} ended, and its output is still held open after {patience:?}",
                    self.name
                ),
            }
        }
        // Closed, never sent to: an error either way, told apart by which.
        if self.stderr_end.recv_timeout(left()) == Err(RecvTimeoutError::Timeout) {
            panic!(
                "{} ended, and its standard error is still held open after {patience:?}",
                self.name
            );
        }
        Ended {
            status,
            stdout,
            stderr: self.stderr(),
        }
    }

    /// Asks it to end by SIGTERM and waits for it.
    #[track_caller]
    pub(crate) fn terminate(self, patience: Duration) -> Ended {
        self.signal(Signal::SIGTERM);
        self.finish(patience)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // A recorder that is let go orderly takes its programs out of the kernel; one that does not go is killed.
            self.signal(Signal::SIGCONT);
            self.signal(Signal::SIGTERM);
            if self.ended.recv_timeout(ENDS_WITHIN).is_err() {
                let _ = self.child.kill();
            }
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            let said = self.stderr();
            let lines: Vec<&str> = said.lines().collect();
            let last = lines.len().saturating_sub(LAST_WORDS);
            eprintln!(
                "--- the last that {} said:\n{}\n---",
                self.name,
                lines[last..].join("\n")
            );
        }
    }
}
