//! The log: to standard error, so that standard output stays what a command answers.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::settings::{Settings, Stranger};

/// Starts the log; `default` is the filter where the settings name none.
pub(crate) fn start(settings: &Settings, default: &str) -> anyhow::Result<()> {
    let filter = settings.log.as_deref().unwrap_or(default);
    let filter = EnvFilter::builder()
        .parse(ours(filter))
        .with_context(|| format!("the log filter `{filter}` is not understood; `warn`, `debug` or `info,bc_recorder=debug` are"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // A closed standard error is no reason to end.
        .log_internal_errors(false)
        .init();
    if let Some(file) = &settings.file {
        tracing::info!(file = %file.display(), "configuration read");
    }
    for Stranger { name, meant } in &settings.strangers {
        match meant {
            Some(meant) => {
                tracing::warn!(
                    "the environment says {name}, which is no setting; is {meant} meant?"
                )
            }
            // A command's environment may hold anything: this is for the log of an `up`.
            None => tracing::info!("the environment says {name}, which is no setting"),
        }
    }
    Ok(())
}

/// `debug` and `trace` alone mean our own parts: those below them would drown what one looks for.
fn ours(filter: &str) -> String {
    match filter.trim().to_ascii_lowercase().as_str() {
        level @ ("debug" | "trace") => PARTS
            .iter()
            .fold("info".into(), |all, part| format!("{all},{part}={level}")),
        _ => filter.into(),
    }
}

const PARTS: [&str; 5] = [
    "bubble_chamber",
    "bc_recorder",
    "bc_store",
    "bc_web",
    "bc_clean",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_alone_is_about_our_parts() {
        let debug = ours("debug");
        assert!(
            debug.starts_with("info,bubble_chamber=debug,") && debug.ends_with(",bc_clean=debug"),
            "{debug}"
        );
        assert!(EnvFilter::builder().parse(&debug).is_ok());
        assert_eq!(ours("warn"), "warn");
        assert_eq!(ours("debug,aya=trace"), "debug,aya=trace");
    }
}
