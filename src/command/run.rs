//! `run`: records any command in a cgroup of its own, and otherwise leaves it as it would be without us.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bc_schema::ContainerId;
use clap::Args;

use super::{Shared, runtime, token};
use crate::control::client::Client;
use crate::control::{Ask, address};
use crate::recording;
use crate::report::{in_full, say};
use crate::run::browser::Browser;
use crate::run::caller::Caller;
use crate::run::child::{Waiting, fork_waiting};
use crate::run::recorder::{Change, Recorder};
use crate::run::summary::{Recorded, Summary};
use crate::run::watch::{Ended, Signals};
use crate::run::{command_line, id};
use crate::settings::{Environment, Folder, Layer, Settings};

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

    /// Open the page in the browser, where there is a display
    #[arg(long)]
    open: bool,

    #[command(flatten)]
    shared: Shared,

    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

const EXAMPLES: &str = "\
Where an `up` runs, any user may: the command stays that user's, with its terminal, input, output, environment, limits and signals, \
and the page's address with a token for it alone is said on standard error. Where none runs, it takes root: by sudo, the command runs \
as the user who called sudo, and the page is there at the next `up`.

Exit codes: the command's own; 128 + n when signal n ended it; 127 not found; 126 not executable; \
125 when it could not be recorded, and so did not run.

Examples:
  bubble-chamber run -- ./pipeline.sh --threads 4
      record it, and say where its page is
  bubble-chamber run --open --id nightly-17 -- make -j8
      give it a name, and look at it at once
  bubble-chamber run --id nightly-17 --again -- make -j8
      the same name once more: another life of it, on the same page
  bubble-chamber run -- bash
      record whatever is typed until the shell ends
  sudo bubble-chamber run --data ./records -- ./pipeline.sh
      without an `up`, into a directory of its own";

/// The exit code of what failed before the command ran.
const NOT_RUN: u8 = 125;

/// How long the end of a run waits for processes that the command left behind.
const PATIENCE: Duration = Duration::from_secs(2);

impl Run {
    pub(super) fn execute(self) -> anyhow::Result<ExitCode> {
        let ended = self.run().unwrap_or_else(|error| {
            say(in_full(&error));
            Ended::Exited(NOT_RUN)
        });
        Ok(ended.code().into())
    }

    fn run(self) -> anyhow::Result<Ended> {
        let settings = self
            .shared
            .settings_in(Folder::OfTheCommand, Layer::default(), "warn")?;
        let caller = Caller::of_this_process(&Environment::of_this_process())?;
        let run = recording::Run {
            id: self.id.unwrap_or_else(id::new),
            again: self.again,
            // Whoever records says where.
            cgroup: PathBuf::new(),
            command: command_line::shown(&self.command),
            uid: caller.uid.as_raw(),
        };
        let ask = Ask::Record {
            id: run.id.to_string(),
            again: run.again,
            command: run.command.clone(),
        };
        // Before anything else is begun, and before there are threads.
        let browser = self.open.then(|| Browser::prepare(&caller)).transpose()?;
        let up = Client::at(&address::of(&settings.data));
        let child = match fork_waiting(&self.command, &caller, (&up, &ask))? {
            Ok(child) => child,
            Err(ended) => return Ok(ended),
        };
        runtime()?.block_on(carry_out(&settings, run, child, browser))
    }
}

async fn carry_out(
    settings: &Settings,
    run: recording::Run,
    mut child: Waiting,
    browser: Option<Result<Browser, &'static str>>,
) -> anyhow::Result<Ended> {
    let id = run.id.clone();
    let mut signals = Signals::listen()?;
    let mut recorder = Recorder::find(settings).await?;
    let page = match recorder.begin(run, &mut child).await {
        Ok(Some(page)) => page,
        Ok(None) => return signals.ended(child.pid).await,
        Err(error) => {
            // What went wrong first is what is said.
            let _ = recorder.stop().await;
            return Err(error);
        }
    };
    show(&id, &page, recorder.serves(), browser);
    let command = child.release()?;
    let ended = loop {
        let change = tokio::select! {
            ended = signals.ended(command) => break ended?,
            change = recorder.changed() => change,
        };
        match change {
            Change::HandOver(done) => {
                recorder = match recorder.hand_over(done).await {
                    Ok(up) => up,
                    Err(error) => {
                        say(format!(
                            "recording ended, the command goes on: {}",
                            in_full(&error)
                        ));
                        return signals.ended(command).await;
                    }
                };
                say("an `up` has started here, and records on");
            }
            Change::Failed(error) => {
                say(format!(
                    "recording ended, the command goes on: {}",
                    in_full(&error)
                ));
                break signals.ended(command).await?;
            }
        }
    };
    // From here on, whatever fails, the command's exit code is the answer.
    match recorder.finish(&id, PATIENCE).await {
        Ok(finished) => {
            say(Summary {
                id: &id,
                ended,
                finished: &finished,
                recorded: Recorded::from(&recorder),
            });
            // What it said at the start is far away by now.
            if ended.code() != 0 && recorder.serves() {
                say(format!("what failed, and why: {page}"));
            }
        }
        Err(error) => say(format!(
            "{id} {ended}; its end was not recorded: {}",
            in_full(&error)
        )),
    }
    if let Err(error) = recorder.stop().await {
        say(in_full(&error));
    }
    Ok(ended)
}

/// Says where the page is, and opens it where that was asked for.
fn show(id: &ContainerId, page: &str, served: bool, browser: Option<Result<Browser, &str>>) {
    let later = " (there once `sudo bubble-chamber up` runs)";
    say(format!(
        "recording {id}; its page: {page}{}",
        if served { "" } else { later }
    ));
    match browser {
        None => {}
        Some(_) if !served => say("the page is not opened: no `up` serves it yet"),
        Some(Ok(browser)) => browser.open(page),
        Some(Err(why)) => say(format!("the page is not opened: {why}")),
    }
}
