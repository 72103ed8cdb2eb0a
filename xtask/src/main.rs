//! The developers' commands: set up, build, start, test. This file reads the command line and hands over.

mod bench;
mod build;
mod engine;
mod interrupt;
mod kernel_object;
mod layers;
mod oracle;
mod setup;
mod step;
mod test;
mod tidy;
mod tree;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Everything a developer of Bubble Chamber does, each as one command.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask up                            set up, build, start; prints the page's address
  cargo xtask up -- --listen 127.0.0.1:8080 the same, with arguments for `bubble-chamber up`
  cargo xtask test                          everything that shows that it holds (as root)
  cargo xtask test unit                     what needs neither root nor a real kernel
  cargo xtask engines -- srun hostname      a command among real engines
  BC_SKIP=engines cargo xtask test          everything but one kind; the summary says so";

#[derive(Subcommand)]
enum Task {
    /// Set up, build and start `bubble-chamber up`.
    Up(up::Options),
    /// Build target/release/bubble-chamber, complete: with the kernel programs and the page inside.
    Build,
    /// Run the tests: all of them, or the kinds named.
    Test(test::Options),
    /// Start Docker, Podman, containerd and Slurm as the engine tests have them, run a command, stop them again.
    Engines(engine::Options),
    /// Install what building, or the kinds of tests named, need. Skips what is there.
    Setup(setup::Options),
    /// Measure what recording costs; docs/benchmarks.md says what each figure means.
    Bench(bench::Options),
    /// Check the house rules of STYLE.md and the layers of .config/layers.toml.
    Tidy,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    interrupt::watch();
    let outcome = match arguments.task {
        Task::Up(options) => up::run(&options).map(done),
        Task::Build => build::complete()
            .map(|binary| step::say(&format!("complete: {}", binary.display())))
            .map(done),
        Task::Test(options) => test::run(&options),
        Task::Engines(options) => engine::run(&options).map(done),
        Task::Setup(options) => setup::run(&options).map(done),
        Task::Bench(options) => bench::run(&options).map(done),
        Task::Tidy => tidy::report().and_then(|()| layers::report()).map(done),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn done((): ()) -> ExitCode {
    ExitCode::SUCCESS
}
