//! `recorder --check`: what recording needs of this machine's kernel, and what it finds.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::{Shared, must_be_root};
use crate::report;
use crate::settings::Layer;

/// Say what can be recorded on this machine, and what is missing
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Recorder {
    #[command(flatten)]
    shared: Shared,

    /// Load and attach the kernel programs for a moment, and say what works, what is replaced, and what is missing; nothing is recorded
    #[arg(long, required = true)]
    check: bool,

    /// Answer in JSON
    #[arg(long)]
    json: bool,

    /// Load this object instead of the embedded kernel programs
    #[arg(long, value_name = "FILE", hide = true)]
    kernel_object: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Recording itself is done by `up` and `run`. Exit code 0: this machine can be recorded; 1: it cannot, and standard error says why.

Examples:
  sudo bubble-chamber recorder --check
  sudo bubble-chamber recorder --check --json";

impl Recorder {
    pub(super) fn execute(self) -> anyhow::Result<ExitCode> {
        must_be_root("recorder --check")?;
        let flags = Layer {
            kernel_object: self.kernel_object,
            ..Layer::default()
        };
        // What would be warned of is in the answer.
        let settings = self.shared.settings(flags, "error")?;
        settings.recorder.capacities.check()?;
        let found = bc_recorder::probe::check(&settings.recorder);
        if self.json {
            let json = serde_json::to_string_pretty(&found).context("writing JSON")?;
            report::answer(json)?;
        } else {
            report::answer(&found)?;
        }
        Ok(match found.problem {
            None => ExitCode::SUCCESS,
            Some(problem) => {
                report::say(problem);
                ExitCode::FAILURE
            }
        })
    }
}
