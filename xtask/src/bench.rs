//! `cargo xtask bench`: what recording costs, beside other tools and beside no recorder. Prints figures and holds them against the goals; a
//! goal that is missed is a figure, not a failure. What each figure means: docs/benchmarks.md.

mod block;
mod bpf;
mod cgroup;
mod clock;
mod crowd;
mod empty;
mod exec;
mod figures;
mod goal;
mod ground;
mod idle;
mod machine;
mod programs;
mod quantity;
mod recorder;
mod sampling;
mod sides;
mod store;
mod switch;
mod tool;

use anyhow::{Context, Result};
use clap::Subcommand;

use crate::step;
use ground::Ground;

/// What `bench` is told.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
    /// Print JSON instead of a table.
    #[arg(long, global = true)]
    json: bool,
    /// Put the table into docs/benchmarks.md, in the place of the last one.
    #[arg(long, global = true)]
    write: bool,
}

/// What can be measured.
#[derive(Subcommand)]
enum What {
    /// CPU for each sample at several numbers of processes, beside atop and pidstat; memory.
    Sampling(sampling::Options),
    /// How much longer a program takes to run thousands of times when it is recorded.
    Exec(exec::Options),
    /// How much longer a context switch takes when a recorder runs, and when its tasks are recorded.
    Switch(switch::Options),
    /// CPU of a recorder that has nothing to watch.
    Idle(idle::Options),
    /// Bytes on disk and time to write of the store, beside a row for each sample, and how long an hour's page takes.
    Store,
}

/// Figures, ready to be shown.
struct Report {
    /// Its place in docs/benchmarks.md.
    name: String,
    markdown: String,
    json: serde_json::Value,
}

/// Measures and prints.
///
/// # Errors
/// What kept it from measuring. Never that a figure is bad.
pub(crate) fn run(options: &Options) -> Result<()> {
    let report = match &options.what {
        What::Sampling(options) => sampling::run(&Ground::prepare()?, options)?,
        What::Exec(options) => exec::run(&Ground::prepare()?, options)?,
        What::Switch(options) => switch::run(&Ground::prepare()?, options)?,
        What::Idle(options) => idle::run(&Ground::prepare()?, options)?,
        What::Store => store::run()?,
    };
    if options.json {
        let json = serde_json::to_string_pretty(&report.json).context("writing JSON")?;
        println!("{json}");
    } else {
        println!("{}", report.markdown);
    }
    if options.write {
        block::write(&report.name, &report.markdown)?;
        step::say("docs/benchmarks.md has these figures now");
    }
    Ok(())
}
