//! `db check`: is everything in the database as it should be?

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bc_store::sqlite::{Looking, Report};
use clap::Args;

use crate::command::Shared;
use crate::data_dir::DataDir;
use crate::report;
use crate::settings::Layer;

/// Look the database over from end to end; exit with 1 if anything is wrong
#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub(super) struct Check {
    #[command(flatten)]
    shared: Shared,
}

const NOTES: &str = "\
First SQLite checks its own pages and indexes; then every reference is followed, everything packed is unpacked, nothing may lie outside of its \
container's life, and what each process used in a minute must be what it used in the seconds of it, where both are kept; and so up to the day.

Nothing is changed. It can run beside a running `up`: it sees one state of the database, and recording goes on. How far it is goes to standard \
error, what is wrong to standard output, a line each.";

/// How often it is told how far it is, where nobody overwrites a line.
const TELL_EVERY: Duration = Duration::from_secs(10);

impl Check {
    pub(super) fn execute(self) -> anyhow::Result<ExitCode> {
        let settings = self.shared.settings(Layer::default(), "warn")?;
        let file = DataDir::at(&settings.data).database();
        let mut progress = Progress::new();
        let found = bc_store::sqlite::check(&file, &mut |looking| progress.tell(looking));
        progress.end();
        let found = found?;
        for problem in &found.problems {
            report::answer(problem)?;
        }
        if found.further_problems > 0 {
            report::answer(format_args!("and {} more", found.further_problems))?;
        }
        let file = file.display();
        let Report {
            lives,
            processes,
            blocks,
            sums,
            ..
        } = found;
        let seen = format!("{lives} lives, {processes} processes, {blocks} blocks, {sums} sums");
        if found.is_sound() {
            report::answer(format_args!("{file} is sound: {seen}"))?;
            return Ok(ExitCode::SUCCESS);
        }
        let number = found.problems.len() as u64 + found.further_problems;
        report::say(format_args!(
            "{file} is damaged: {number} problems in {seen}; what is readable can be saved with `bubble-chamber db dump`, \
             or put a backup in its place while no `up` runs"
        ));
        Ok(ExitCode::FAILURE)
    }
}

/// Words on standard error: one line that is overwritten at a terminal, a line now and then elsewhere.
struct Progress {
    terminal: bool,
    told: Option<Instant>,
    began: Instant,
}

impl Progress {
    fn new() -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
            told: None,
            began: Instant::now(),
        }
    }

    fn tell(&mut self, looking: Looking) {
        let words = match looking {
            Looking::AtPages => "SQLite's own check".to_owned(),
            Looking::AtRelations => "references".to_owned(),
            Looking::AtBlocks { done, of } => format!("blocks: {done} of {of}"),
            Looking::AtSums { done, of } => format!("sums of lives: {done} of {of}"),
        };
        if self.terminal {
            self.told = Some(Instant::now());
            // A terminal that went away is nobody's loss.
            let _ = write!(std::io::stderr(), "\r\x1b[K{words} …");
        } else if self.told.unwrap_or(self.began).elapsed() >= TELL_EVERY {
            self.told = Some(Instant::now());
            report::say(words);
        }
    }

    fn end(&self) {
        if self.terminal && self.told.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
