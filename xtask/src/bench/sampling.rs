//! `bench sampling`: one recorder, crowds of several sizes one after the other, and for each a window in which the CPU of the recorder's whole
//! process is read every second, with atop and pidstat taking turns beside it. How it is written down is in the file below.

mod report;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::Serialize;

use super::Report;
use super::crowd::{Crowd, Mix};
use super::figures::{Spread, spread};
use super::ground::Ground;
use super::machine::{self, Machine};
use super::programs::{self, Counting, Runs};
use super::recorder::{Losses, Memory, Recorder};
use super::tool::{self, TOOLS, Taken};
use super::{clock, quantity};
use crate::step;

/// The part of a second at which clocks are read: the recorder samples shortly before a second's end, and is done by then.
const READ_AT: Duration = Duration::from_millis(200);
/// Samples during which the kernel counts the run time of its programs, after each window.
const COUNTED_SAMPLES: u64 = 3;
/// How long these may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What `bench sampling` is told.
#[derive(clap::Args)]
pub(super) struct Options {
    /// What the processes do.
    #[arg(long, value_enum, default_value_t = Mix::Half)]
    mix: Mix,
    /// Numbers of processes.
    #[arg(
        long,
        value_name = "N",
        value_delimiter = ',',
        default_value = "0,100,1000,5000"
    )]
    sizes: Vec<u64>,
    /// Length of each window. A minute holds one of every minute's roll-ups, neither more nor less.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(10..=300))]
    seconds: u64,
}

/// Everything that was measured.
#[derive(Serialize)]
struct Sampling {
    machine: Machine,
    mix: Mix,
    seconds: u64,
    windows: Vec<Window>,
}

/// One size's figures.
#[derive(Serialize)]
struct Window {
    /// In the crowd.
    processes: u64,
    /// Of the whole machine: what the other tools see.
    machine_processes: u64,
    /// Samples that the recorder took.
    samples: u64,
    /// CPU of the recorder's process, all in, for each of them.
    per_sample_ns: f64,
    /// The same, second by second.
    seconds_ns: Spread,
    tools: Vec<Taken>,
    memory: Memory,
    /// What the recorder could not record.
    losses: Losses,
    /// Run time of the recorder's programs in the kernel, over [`COUNTED_SAMPLES`] samples after the window.
    programs: BTreeMap<String, Runs>,
    counted_samples: u64,
}

/// Measures.
///
/// # Errors
/// What kept it from measuring.
pub(super) fn run(ground: &Ground, options: &Options) -> Result<Report> {
    for tool in TOOLS {
        tool.ensure()?;
    }
    let machine = Machine::of_now(&TOOLS);
    step::say(&format!(
        "measuring {} sizes, about {} s each",
        options.sizes.len(),
        options.seconds + 10
    ));
    let recorder = Recorder::start(ground)?;
    let mut windows = Vec::new();
    for &processes in &options.sizes {
        let began = Instant::now();
        let crowd = Crowd::gather(ground, &recorder, processes, options.mix)?;
        let window = measure(ground, &recorder, processes, options.seconds)?;
        crowd.disperse()?;
        step::say(&format!(
            "{} processes: {} for each sample ({})",
            quantity::count(processes),
            quantity::time(window.per_sample_ns),
            step::elapsed(began)
        ));
        windows.push(window);
    }
    drop(recorder);
    Sampling {
        machine,
        mix: options.mix,
        seconds: options.seconds,
        windows,
    }
    .report()
}

fn measure(ground: &Ground, recorder: &Recorder, processes: u64, seconds: u64) -> Result<Window> {
    let mut turns = tool::turns(seconds);
    let machine_processes = machine::comms().count() as u64;
    let before = recorder.says()?;
    let begins = clock::next_second_at(READ_AT);
    let mut read_ns = Vec::new();
    for second in 0..=seconds {
        clock::sleep_until(begins + Duration::from_secs(second))?;
        read_ns.push(recorder.cpu_ns()?);
        for turn in &mut turns {
            turn.second(ground, second)?;
        }
    }
    let after = recorder.says()?;
    let memory = recorder.memory()?;
    let (counted_samples, programs) = count_programs(recorder)?;

    let samples = after.samples - before.samples;
    let all_ns = read_ns[read_ns.len() - 1] - read_ns[0];
    let each = read_ns.windows(2).map(|pair| (pair[1] - pair[0]) as f64);
    Ok(Window {
        processes,
        machine_processes,
        samples,
        per_sample_ns: all_ns as f64 / samples.max(1) as f64,
        seconds_ns: spread(each).context("a window without a second")?,
        tools: turns.iter().filter_map(|turn| turn.taken).collect(),
        memory,
        losses: after.losses_since(&before),
        programs,
        counted_samples,
    })
}

fn count_programs(recorder: &Recorder) -> Result<(u64, BTreeMap<String, Runs>)> {
    let counting = Counting::begin()?;
    let before = programs::of_process(recorder.pid())?;
    let began = recorder.says()?;
    let ended = recorder.until(PATIENCE, |now| {
        now.samples >= began.samples + COUNTED_SAMPLES
    })?;
    let after = programs::of_process(recorder.pid())?;
    drop(counting);
    Ok((
        ended.samples - began.samples,
        programs::between(&before, &after),
    ))
}
