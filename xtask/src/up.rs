//! `cargo xtask up`: from a fresh clone to a running page. Starts the executable in its own place, so that
//! Ctrl-C and exit codes are the executable's.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Result, bail};

use crate::setup::{self, apt};
use crate::{build, step};

/// What `up` is told.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Arguments for `bubble-chamber up`, after `--`.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Sets up, builds, and becomes `bubble-chamber up`.
///
/// # Errors
/// What setting up, building or starting says; it does not return otherwise.
pub(crate) fn run(options: &Options) -> Result<()> {
    setup::ensure(&setup::BUILD)?;
    let binary = build::complete()?;
    let mut command = if apt::is_root() {
        Command::new(&binary)
    } else if let Some(sudo) = apt::which("sudo") {
        step::say("recording needs root: starting with sudo");
        let mut command = Command::new(sudo);
        command.args(settings()).arg(&binary);
        command
    } else {
        bail!(
            "recording needs root and there is no sudo; as root: {} up",
            binary.display()
        );
    };
    command.arg("up").args(&options.arguments);
    step::say(&format!(
        "{} up {}",
        binary.display(),
        options.arguments.join(" ")
    ));
    let error = command.exec();
    bail!("starting {}: {error}", binary.display())
}

/// Asks sudo to leave the settings that stand in the environment alone.
fn settings() -> Option<String> {
    let ours = |name: &String| name.starts_with("BC_") || name.starts_with("AUTH_");
    let names: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(ours)
        .collect();
    (!names.is_empty()).then(|| format!("--preserve-env={}", names.join(",")))
}
