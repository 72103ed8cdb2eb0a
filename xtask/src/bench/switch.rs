//! `bench switch`: what recording adds to a context switch, the one thing whose program runs for every task of the machine, recorded or not.

use anyhow::Result;

use super::Report;
use super::ground::Ground;
use super::quantity::count;
use super::sides::{self, Load};

/// What `bench switch` is told.
#[derive(clap::Args)]
pub(super) struct Options {
    /// How often the byte goes there and back in each turn: two context switches each.
    #[arg(long, default_value_t = 400_000)]
    times: u64,
    /// How many turns each side has.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=99))]
    rounds: u64,
}

/// Measures.
///
/// # Errors
/// What kept it from measuring.
pub(super) fn run(ground: &Ground, options: &Options) -> Result<Report> {
    let load = Load {
        name: "switch",
        words: vec!["pingpong".to_owned(), options.times.to_string()],
        does: format!(
            "Two processes on one CPU hand a byte to each other over two pipes, {} times there and back",
            count(options.times)
        ),
        piece: ["context switch", "context switches"],
        pieces: 2 * options.times,
        rounds: options.rounds,
        hook: Some("sched_switch"),
    };
    sides::run(ground, &load)
}
