//! `run`: records any command in a cgroup of its own, and otherwise leaves it as it would be without us.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use bc_recorder::Finished;
use bc_recorder::cgroup::{Hierarchies, RunCgroup};
use bc_schema::ContainerId;
use clap::Args;

use super::{Shared, must_be_root, runtime, token};
use crate::recording;
use crate::report::say;
use crate::run::caller::Caller;
use crate::run::child::{Waiting, fork_waiting};
use crate::run::recorder::Recorder;
use crate::run::watch::{Ended, Signals};
use crate::run::{command_line, id};
use crate::settings::{Environment, Layer, Settings};

/// Record one command, and exit as it does
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Run {
    /// What to call it [default: run-<UTC time>-<four letters>]
    #[arg(long, value_name = "NAME", value_parser = token::id)]
    id: Option<ContainerId>,

    /// Record another life of an id that has been used
    #[arg(long, requires = "id")]
    again: bool,

    #[command(flatten)]
    shared: Shared,

    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

const EXAMPLES: &str = "\
The command keeps its terminal, input, output, limits and signals, and runs as the user who called sudo. \
Where an `up` has the data directory, that records; otherwise this process does, and the page is there at the next `up`.

Exit codes: the command's own; 128 + n when signal n ended it; 127 not found; 126 not executable; \
125 when it could not be recorded, and so did not run.

Examples:
  sudo bubble-chamber run -- ./pipeline.sh --threads 4
  sudo bubble-chamber run --id nightly-17 -- make -j8";

/// The exit code of what failed before the command ran.
const NOT_RUN: u8 = 125;

/// How long the end of a run waits for processes that the command left behind.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the cgroup of a command that has ended may take to be empty.
const EMPTY_PATIENCE: Duration = Duration::from_millis(500);

impl Run {
    pub(super) fn execute(self) -> anyhow::Result<ExitCode> {
        let ended = self.run().unwrap_or_else(|error| {
            say(format!("{error:#}"));
            Ended::Exited(NOT_RUN)
        });
        Ok(ended.code().into())
    }

    fn run(self) -> anyhow::Result<Ended> {
        must_be_root("run")?;
        let settings = self.shared.settings(Layer::default(), "warn")?;
        let caller = Caller::of_this_process(&Environment::of_this_process())?;
        // Before anything else is begun, and before there are threads.
        let child = match fork_waiting(&self.command, &caller)? {
            Ok(child) => child,
            Err(ended) => return Ok(ended),
        };
        let run = Plan {
            id: self.id.unwrap_or_else(id::new),
            again: self.again,
            command: command_line::shown(&self.command),
            uid: caller.uid.as_raw(),
        };
        runtime()?.block_on(run.carry_out(&settings, child))
    }
}

/// A run before it has a cgroup.
struct Plan {
    id: ContainerId,
    again: bool,
    command: Vec<String>,
    uid: u32,
}

impl Plan {
    async fn carry_out(self, settings: &Settings, child: Waiting) -> anyhow::Result<Ended> {
        let id = self.id.clone();
        let mut signals = Signals::listen()?;
        let mut recorder = Recorder::find(settings).await?;
        let begun = self.begin(&recorder, &child).await;
        let (cgroup, page) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                // What went wrong first is what is said.
                let _ = recorder.stop().await;
                return Err(error);
            }
        };
        say(format!("recording {id}; its page: {page}"));
        let command = child.release()?;
        let ended = tokio::select! {
            ended = signals.ended(command) => ended?,
            error = recorder.failed() => {
                say(format!("recording ended, the command goes on: {error:#}"));
                signals.ended(command).await?
            }
        };
        // From here on, whatever fails, the command's exit code is the answer.
        match recorder.finish(&id, PATIENCE).await {
            Ok(finished) => say(summary(
                &id,
                ended,
                &finished,
                matches!(recorder, Recorder::Joined(_)),
            )),
            Err(error) => say(format!("{id} {ended}; its end was not recorded: {error:#}")),
        }
        // Kept by what the command left behind; then it is theirs, and goes with the machine's next boot.
        let removed = tokio::task::block_in_place(|| cgroup.remove(EMPTY_PATIENCE));
        if let Err(error) = removed {
            tracing::info!(%error, "the run's cgroup stays");
        }
        if let Err(error) = recorder.stop().await {
            say(format!("{error:#}"));
        }
        Ok(ended)
    }

    /// Puts the waiting child into a watched cgroup of its own; gives that and its page's address.
    async fn begin(
        self,
        recorder: &Recorder,
        child: &Waiting,
    ) -> anyhow::Result<(RunCgroup, String)> {
        let cgroup = RunCgroup::below_caller(&Hierarchies::mounted()?, self.id.as_str())?;
        match self.enter(recorder, &cgroup, child).await {
            Ok(page) => Ok((cgroup, page)),
            Err(error) => {
                // Nobody has entered it.
                let _ = cgroup.remove(Duration::ZERO);
                Err(error)
            }
        }
    }

    async fn enter(
        self,
        recorder: &Recorder,
        cgroup: &RunCgroup,
        child: &Waiting,
    ) -> anyhow::Result<String> {
        let Self {
            id,
            again,
            command,
            uid,
        } = self;
        let cgroup_directory = cgroup.directory().to_owned();
        recorder
            .watch(recording::Run {
                id: id.clone(),
                again,
                cgroup: cgroup_directory,
                command,
                uid,
            })
            .await?;
        let page = match recorder.page(&id).await? {
            (url, true) => url,
            (url, false) => format!("{url} (there once `sudo bubble-chamber up` runs)"),
        };
        // The child is ours, so its pid is no other's until it is waited for.
        let pid = child.pid.as_raw().unsigned_abs();
        cgroup
            .add(pid)
            .context("cannot put the command into its cgroup")?;
        Ok(page)
    }
}

/// What is said at the end.
fn summary(id: &ContainerId, ended: Ended, finished: &Finished, recorded_on: bool) -> String {
    let Finished {
        processes,
        open_processes,
        cpu_ns,
    } = *finished;
    let left = match (open_processes, recorded_on) {
        (0, _) => String::new(),
        (open, true) => format!("; {open} of them still live and stay recorded"),
        (open, false) => format!(
            "; {open} of them still live and are no longer recorded (under an `up` they would be)"
        ),
    };
    if processes == 0 {
        return format!(
            "{id} {ended}; nothing of it was recorded: its recorder was started anew meanwhile"
        );
    }
    let cpu_s = cpu_ns as f64 / 1e9;
    let plural = if processes == 1 {
        "process"
    } else {
        "processes"
    };
    format!("{id} {ended}; {processes} {plural}, {cpu_s:.3} s of CPU{left}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_tells_what_was_left_behind() {
        let id = ContainerId::new("nightly").unwrap();
        let finished = |open_processes| Finished {
            processes: 12,
            open_processes,
            cpu_ns: 1_234_567_890,
        };
        assert_eq!(
            summary(&id, Ended::Exited(3), &finished(0), false),
            "nightly exited with 3; 12 processes, 1.235 s of CPU"
        );
        assert!(
            summary(&id, Ended::Exited(0), &finished(2), true)
                .ends_with("2 of them still live and stay recorded")
        );
        assert!(summary(&id, Ended::Exited(0), &finished(2), false).contains("no longer recorded"));
    }
}
