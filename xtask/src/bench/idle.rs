//! `bench idle`: CPU of a recorder that has nothing to watch.

use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

use super::figures::{Spread, spread};
use super::goal::{self, Goal};
use super::ground::Ground;
use super::machine::Machine;
use super::quantity;
use super::recorder::{Memory, Recorder};
use super::{Report, clock};

/// The part of a second at which the clock is read: the recorder samples shortly before a second's end, and is done by then.
const READ_AT: Duration = Duration::from_millis(200);
/// What it does once at its start is over by then.
const SETTLED_SAMPLES: u64 = 5;
const PATIENCE: Duration = Duration::from_secs(30);
/// At most, of one CPU.
const SHARE: f64 = 0.001;

/// What `bench idle` is told.
#[derive(clap::Args)]
pub(super) struct Options {
    /// Length of the window.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(10..=600))]
    seconds: u64,
}

/// Everything that was measured.
#[derive(Serialize)]
struct Idle {
    machine: Machine,
    seconds: u64,
    /// CPU of the recorder's process in each second.
    seconds_ns: Spread,
    /// Over the whole window, of one CPU.
    share: f64,
    memory: Memory,
}

/// Measures.
///
/// # Errors
/// What kept it from measuring.
pub(super) fn run(ground: &Ground, options: &Options) -> Result<Report> {
    let machine = Machine::of_now(&[]);
    let recorder = Recorder::start(ground)?;
    recorder.until(PATIENCE, |says| says.samples >= SETTLED_SAMPLES)?;
    let begins = clock::next_second_at(READ_AT);
    let mut read_ns = Vec::new();
    for second in 0..=options.seconds {
        clock::sleep_until(begins + Duration::from_secs(second))?;
        read_ns.push(recorder.cpu_ns()?);
    }
    let all_ns = read_ns[read_ns.len() - 1] - read_ns[0];
    let each = read_ns.windows(2).map(|pair| (pair[1] - pair[0]) as f64);
    let idle = Idle {
        machine,
        seconds: options.seconds,
        seconds_ns: spread(each).context("a window without a second")?,
        share: all_ns as f64 / (options.seconds as f64 * 1e9),
        memory: recorder.memory()?,
    };
    let goals = [Goal::new(
        "with nothing to watch, at most 0.1 % of a core",
        Some(idle.share),
        percent,
        |share| share <= SHARE,
    )];
    Ok(Report {
        name: "idle".to_owned(),
        markdown: idle.markdown(&goals),
        json: serde_json::to_value(&idle).context("writing JSON")?,
    })
}

impl Idle {
    fn markdown(&self, goals: &[Goal]) -> String {
        format!(
            "{}\n\nNo container, no job and no `run` for {} s.\n\n| CPU of a core | median second | costliest second | resident |\n| ---: | ---: | ---: | ---: |\n| {} | {} | {} | {} |\n\n{}",
            self.machine.in_words(),
            self.seconds,
            percent(self.share),
            quantity::time(self.seconds_ns.median),
            quantity::time(self.seconds_ns.max),
            quantity::mib(self.memory.rss_bytes),
            goal::table(goals)
        )
    }
}

fn percent(share: f64) -> String {
    format!("{:.3} %", share * 100.0)
}
