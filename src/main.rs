//! `bubble-chamber`, one executable with every role. Wiring only: each role is a library function of its own crate.

mod cli;
mod command;
mod control;
mod data_dir;
mod dump;
mod health;
mod heap;
mod link;
mod logging;
mod recording;
mod report;
mod run;
mod settings;
mod sink;
mod up;

use std::process::ExitCode;

fn main() -> ExitCode {
    heap::keep_small();
    cli::parse().execute()
}
