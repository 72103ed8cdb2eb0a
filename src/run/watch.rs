//! Waiting for a command as a shell would: signals reach it once, it stops and goes on with us, and how it ended is ours.

use std::fmt;
use std::io::IsTerminal;

use anyhow::Context;
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{Pid, getpgrp, tcgetpgrp};
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself, with this code.
    Exited(u8),
    /// By this signal.
    Killed(Signal),
}

impl Ended {
    /// From what wait says; absent: it has not.
    pub(crate) fn of(status: WaitStatus) -> Option<Self> {
        match status {
            // The kernel keeps eight bits.
            WaitStatus::Exited(_, code) => Some(Self::Exited(code as u8)),
            WaitStatus::Signaled(_, signal, _) => Some(Self::Killed(signal)),
            _ => None,
        }
    }

    /// As a shell passes it on.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Exited(code) => code,
            Self::Killed(signal) => 128 + signal as u8,
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with {code}"),
            Self::Killed(signal) => write!(f, "was ended by {signal}"),
        }
    }
}

/// The signals that matter while a command runs.
pub(crate) struct Signals {
    children: Stream,
    /// Sent to us alone: the command gets them from us.
    to_pass_on: Vec<(Signal, Stream)>,
    /// From the terminal: the command gets them from there, since it is in our process group. Caught, so that we outlive them.
    _the_terminals: Vec<Stream>,
}

impl Signals {
    /// Starts to listen. The command's process must be made before, or it inherits our ears.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let stream = |kind: Signal| {
            signal(SignalKind::from_raw(kind as i32))
                .with_context(|| format!("cannot listen to {kind}"))
        };
        let pass_on = [
            Signal::SIGTERM,
            Signal::SIGHUP,
            Signal::SIGUSR1,
            Signal::SIGUSR2,
        ];
        let the_terminals = [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTSTP];
        Ok(Self {
            children: stream(Signal::SIGCHLD)?,
            to_pass_on: pass_on
                .into_iter()
                .map(|kind| Ok((kind, stream(kind)?)))
                .collect::<anyhow::Result<_>>()?,
            _the_terminals: the_terminals
                .into_iter()
                .map(stream)
                .collect::<anyhow::Result<_>>()?,
        })
    }

    /// Waits until the command has ended.
    pub(crate) async fn ended(&mut self, command: Pid) -> anyhow::Result<Ended> {
        loop {
            let status = waitpid(command, Some(WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED))
                .context("cannot wait for the command")?;
            if let Some(ended) = Ended::of(status) {
                return Ok(ended);
            }
            if let WaitStatus::Stopped(_, by) = status {
                stop_with(command, by)?;
                continue;
            }
            let passing_on = self.to_pass_on.iter_mut().map(|(kind, stream)| {
                let kind = *kind;
                Box::pin(async move {
                    stream.recv().await;
                    kind
                })
            });
            tokio::select! {
                _ = self.children.recv() => {}
                (kind, _, _) = futures_util::future::select_all(passing_on) => {
                    // It may have ended meanwhile; then there is nothing to tell it.
                    let _ = kill(command, kind);
                }
            }
        }
    }
}

/// The command was stopped: stop too, so that the shell notices, and take the command along when we are continued.
fn stop_with(command: Pid, by: Signal) -> anyhow::Result<()> {
    if by == Signal::SIGSTOP && !at_the_terminal(command) {
        // Somebody stopped that one process, and will continue it: nobody would think of continuing us.
        return Ok(());
    }
    raise(Signal::SIGSTOP).context("cannot stop with the command")?;
    // A shell continues all of a job at once; anyone else may have meant us alone. (`waitpid` would take an end as well.)
    let continued = WaitPidFlag::WCONTINUED | WaitPidFlag::WNOHANG;
    if waitid(Id::Pid(command), continued) == Ok(WaitStatus::StillAlive) {
        let _ = kill(command, Signal::SIGCONT);
    }
    Ok(())
}

/// Whether the command, or a shell in it, has the terminal.
fn at_the_terminal(command: Pid) -> bool {
    let stderr = std::io::stderr();
    let stdin = std::io::stdin();
    let front = if stdin.is_terminal() {
        tcgetpgrp(&stdin)
    } else {
        tcgetpgrp(&stderr)
    };
    front.is_ok_and(|group| {
        group == getpgrp() || Some(group) == nix::unistd::getpgid(Some(command)).ok()
    })
}
