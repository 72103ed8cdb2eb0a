//! `cargo xtask test`: chooses the kinds, runs them one after the other, and gives the verdict.

mod api;
mod failures;
mod kernels;
mod kind;
mod runner;
mod summary;
mod tally;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::ValueEnum;

pub(crate) use kind::Kind;
use summary::{Outcome, Summary};
use tally::Tally;

use crate::{interrupt, step};

/// What `test` is told.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The kinds to run; without any: all of them.
    kinds: Vec<Kind>,
}

/// Runs the tests and prints the verdict: a failure when something does not hold, or a kind ran no test.
///
/// # Errors
/// A wish that cannot be met, or an interruption.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let skipped = skipped(
        std::env::var("BC_SKIP").ok().as_deref(),
        std::env::var_os("CI").is_some_and(|ci| ci == "true"),
    )?;
    let all = if options.kinds.is_empty() {
        Kind::value_variants()
    } else {
        &options.kinds
    };
    let (left_out, kinds): (Vec<Kind>, Vec<Kind>) =
        all.iter().partition(|kind| skipped.contains(kind));
    let mut summary = Summary {
        outcomes: Vec::new(),
        skipped: left_out,
    };
    for kind in kinds {
        step::say(&format!("── {} ──", kind.name()));
        let began = Instant::now();
        let (tally, problem) = match runner::run(kind) {
            Ok(tally) => (tally, None),
            Err(error) => {
                eprintln!("error: {error:#}");
                (Tally::default(), Some(format!("{error:#}")))
            }
        };
        summary.outcomes.push(Outcome {
            kind,
            tally,
            problem,
            seconds: began.elapsed().as_secs(),
        });
        if interrupt::requested() {
            break;
        }
    }
    println!("{}", summary.render());
    interrupt::check()?;
    Ok(if summary.holds() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The kinds that `BC_SKIP` names, separated by commas. In CI nothing may be left out.
fn skipped(wish: Option<&str>, ci: bool) -> Result<Vec<Kind>> {
    let names: Vec<&str> = wish
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    if ci && !names.is_empty() {
        bail!("BC_SKIP is set in CI, where nothing may be left out; unset it");
    }
    names
        .into_iter()
        .map(|name| {
            Kind::from_str(name, false)
                .map_err(|_| anyhow::anyhow!("BC_SKIP names `{name}`, which is no kind of test"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_to_skip_is_read() {
        assert_eq!(
            skipped(Some("engines, page"), false).expect("two kinds"),
            [Kind::Engines, Kind::Page]
        );
        assert!(skipped(None, true).expect("no wish").is_empty());
        assert!(skipped(Some(""), true).expect("an empty wish").is_empty());
    }

    #[test]
    fn a_typing_error_does_not_pass_for_a_kind() {
        assert!(skipped(Some("engine"), false).is_err());
    }

    #[test]
    fn nothing_is_skipped_in_ci() {
        assert!(skipped(Some("engines"), true).is_err());
    }

    #[test]
    fn every_kind_has_the_name_it_is_called_by() {
        for kind in Kind::value_variants() {
            let listed = kind.to_possible_value().expect("no kind is hidden");
            assert_eq!(listed.get_name(), kind.name());
        }
    }
}
