//! What was found on this machine, for people and for programs.

use std::fmt::{self, Display};
use std::fs;

use serde::Serialize;

use super::capability::{Capability, Lost, State};
use super::table::TABLE;
use crate::kernel::Trial;

/// How the whole table stands on this machine.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The kernel's release.
    pub kernel: String,
    /// Its lockdown: `none`, `integrity`, `confidentiality`; `None` where it does not say (then it is taken for the strictest).
    pub lockdown: Option<String>,
    /// Why recording is not possible, and what can be done; `None`: it is.
    pub problem: Option<String>,
    /// Every capability.
    pub capabilities: Vec<Found>,
}

/// How one capability stands.
#[derive(Debug, Serialize)]
pub struct Found {
    /// What it gives.
    pub gives: &'static str,
    /// What it is read by.
    pub by: &'static str,
    /// What the kernel must be or have for that.
    pub needs: &'static str,
    /// How it stands.
    pub state: State,
    /// What it is replaced by here.
    pub instead: Option<&'static str>,
    /// What that costs here; `None`: nothing.
    pub lost: Option<&'static str>,
}

impl Report {
    pub(super) fn new(trial: Trial) -> Self {
        let capabilities = TABLE.iter().map(|row| found(row, &trial)).collect();
        Self {
            kernel: nix::sys::utsname::uname().map_or_else(
                |_| "unknown".into(),
                |name| name.release().to_string_lossy().into_owned(),
            ),
            lockdown: lockdown(),
            problem: trial.started.err().map(|error| error.to_string()),
            capabilities,
        }
    }
}

fn found(row: &'static Capability, trial: &Trial) -> Found {
    let state = match (row.judge)(trial) {
        // What nobody has seen at work does not work: but what is not there is not there.
        State::Works | State::Replaced(_) if trial.started.is_err() => State::Untried,
        state => state,
    };
    let (instead, lost) = match state {
        State::Replaced(nth) => {
            let instead = &row.instead[nth];
            (
                Some(instead.by),
                Some(instead.costs).filter(|costs| !costs.is_empty()),
            )
        }
        State::Missing | State::Off => (None, Some(row.lost.what())),
        State::Works | State::Untried => (None, None),
    };
    Found {
        gives: row.gives,
        by: row.by,
        needs: row.needs,
        state,
        instead,
        lost,
    }
}

impl Lost {
    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Only(what) | Self::Required(what) => what,
        }
    }
}

/// The one in force stands in brackets.
fn lockdown() -> Option<String> {
    let states = fs::read_to_string("/sys/kernel/security/lockdown").ok()?;
    let (_, rest) = states.split_once('[')?;
    let (state, _) = rest.split_once(']')?;
    Some(state.into())
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lockdown = self
            .lockdown
            .as_deref()
            .unwrap_or("not said, taken for the strictest");
        writeln!(f, "kernel {}, lockdown: {lockdown}\n", self.kernel)?;
        for row in &self.capabilities {
            let (state, gives) = (row.state.name(), row.gives);
            let by = row.instead.unwrap_or(row.by).replace('`', "");
            writeln!(f, "{state:<9} {gives}: {by}")?;
            let missed = matches!(row.state, State::Replaced(_) | State::Missing);
            let needs = missed.then_some(row.needs);
            for (word, text) in [("needs", needs), ("lost", row.lost)] {
                if let Some(text) = text {
                    writeln!(f, "{:<9} {word}: {}", "", text.replace('`', ""))?;
                }
            }
        }
        match &self.problem {
            None => write!(f, "\nrecording is possible"),
            Some(_) => write!(f, "\nrecording is not possible"),
        }
    }
}
