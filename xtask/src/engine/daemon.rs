//! A daemon that we started: its log, its readiness, its end. It dies with us, even when we are killed.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{interrupt, step};

/// How often a daemon that comes up or goes down is asked.
const PACE: Duration = Duration::from_millis(100);
/// How long a daemon may take to stop before it is killed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running daemon. Dropping it stops it.
pub(crate) struct Daemon {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts it in a process group of its own, with its output in `NAME.log` in the folder.
    ///
    /// # Errors
    /// It could not be started.
    pub(crate) fn start(name: &str, folder: &Path, command: &mut Command) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let out = File::create(&log).with_context(|| format!("making {}", log.display()))?;
        let err = out.try_clone().context("sharing the log file")?;
        command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0);
        // SAFETY: between fork and exec only prctl is called, which is async-signal-safe.
        unsafe {
            command.pre_exec(
                || match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM) {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error()),
                },
            );
        }
        let child = command
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log,
        })
    }

    /// Waits until `answers`, at most this long.
    ///
    /// # Errors
    /// It died or never answered: with the end of its log.
    pub(crate) fn until(
        &mut self,
        limit: Duration,
        mut answers: impl FnMut() -> bool,
    ) -> Result<()> {
        let began = Instant::now();
        loop {
            interrupt::check()?;
            if answers() {
                return Ok(());
            }
            let died = self
                .child
                .try_wait()
                .with_context(|| format!("looking after {}", self.name))?;
            if died.is_some() || began.elapsed() > limit {
                eprintln!("{}", step::last_lines(&self.log, 40));
                match died {
                    Some(status) => bail!(
                        "{} ended with {status} before it was ready; its log is {}",
                        self.name,
                        self.log.display()
                    ),
                    None => bail!(
                        "{} was not ready after {}; its log is {}",
                        self.name,
                        step::elapsed(began),
                        self.log.display()
                    ),
                }
            }
            std::thread::sleep(PACE);
        }
    }

    /// Its pid: its own for as long as this is there.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// It has not ended.
    pub(crate) fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn signal(&self, signal: libc::c_int) {
        let pid = self.child.id().cast_signed();
        // SAFETY: kill takes no pointers; the child has not been waited for, so the number is still its own.
        unsafe { libc::kill(pid, signal) };
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let began = Instant::now();
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        self.signal(libc::SIGTERM);
        while matches!(self.child.try_wait(), Ok(None)) {
            if began.elapsed() > PATIENCE {
                eprintln!(
                    "    {} did not stop in {}: killed; its log is {}",
                    self.name,
                    step::elapsed(began),
                    self.log.display()
                );
                self.signal(libc::SIGKILL);
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(PACE);
        }
    }
}
