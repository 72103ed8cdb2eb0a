//! `bench exec`: what recording adds to starting a program, thousands of times.

use anyhow::Result;

use super::Report;
use super::ground::Ground;
use super::quantity::count;
use super::sides::{self, Load};

/// What `bench exec` is told.
#[derive(clap::Args)]
pub(super) struct Options {
    /// How often the program is run in each turn.
    #[arg(long, default_value_t = 4_000)]
    times: u64,
    /// How many turns each side has.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=99))]
    rounds: u64,
    /// The program, by its full path.
    #[arg(long, default_value = "/bin/true")]
    program: String,
}

/// Measures.
///
/// # Errors
/// What kept it from measuring.
pub(super) fn run(ground: &Ground, options: &Options) -> Result<Report> {
    let load = Load {
        name: "exec",
        words: vec![
            "spawns".to_owned(),
            options.times.to_string(),
            options.program.clone(),
        ],
        does: format!(
            "{} × `{}`, one after the other, by `posix_spawn`",
            count(options.times),
            options.program
        ),
        piece: ["execution", "executions"],
        pieces: options.times,
        rounds: options.rounds,
        hook: None,
    };
    sides::run(ground, &load)
}
