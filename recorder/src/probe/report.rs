//! What was found on this machine, for people and for programs.

use std::fmt::{self, Display};
use std::fs;

use serde::Serialize;

use super::capability::{Capability, Lost, State};
use super::table::TABLE;
use crate::error::Error;
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
    /// Why what is counted would not outlive a killed recorder; `None`: it would, or nothing runs.
    pub unpinned: Option<String>,
    /// Every capability.
    pub capabilities: Vec<Found>,
}

/// How one capability stands.
#[derive(Debug, Serialize)]
pub struct Found {
    /// What it gives.
    pub gives: &'static str,
    /// What it is read by.
    pub by: String,
    /// What the kernel must be or have for that, or else for what could replace it.
    pub needs: String,
    /// How it stands.
    pub state: State,
    /// What it is replaced by here.
    pub instead: Option<String>,
    /// What that costs here; `None`: nothing.
    pub lost: Option<String>,
}

impl Report {
    pub(super) fn new(trial: Trial, surroundings: Result<(), Error>) -> Self {
        let capabilities = TABLE.iter().map(|row| found(row, &trial)).collect();
        let started = trial.started.map_err(Error::from);
        Self {
            kernel: nix::sys::utsname::uname().map_or_else(
                |_| "unknown".into(),
                |name| name.release().to_string_lossy().into_owned(),
            ),
            lockdown: lockdown(),
            problem: started
                .and(surroundings)
                .err()
                .map(|error| error.to_string()),
            unpinned: trial.pinned.and_then(Result::err),
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
        by: plain(row.by),
        needs: plain(&needs(row, state)),
        state,
        instead: instead.map(plain),
        lost: lost.map(plain),
    }
}

/// Without the marks of the docs.
fn plain(text: &str) -> String {
    text.replace('`', "")
}

fn needs(row: &Capability, state: State) -> String {
    let mut needs = row.needs.to_owned();
    for instead in row.instead {
        if state == State::Missing && !instead.needs.is_empty() {
            needs.push_str(&format!("; or {}, for {}", instead.needs, instead.by));
        }
    }
    needs
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
            let by = row.instead.as_ref().unwrap_or(&row.by);
            writeln!(f, "{state:<9} {gives}: {by}")?;
            let missed = matches!(row.state, State::Replaced(_) | State::Missing);
            let needs = missed.then_some(row.needs.as_str());
            for (word, text) in [("needs", needs), ("lost", row.lost.as_deref())] {
                if let Some(text) = text {
                    writeln!(f, "{:<9} {word}: {text}", "")?;
                }
            }
        }
        if let Some(why) = &self.unpinned {
            writeln!(f, "\npinning failed: {why}")?;
        }
        match &self.problem {
            None => write!(f, "\nrecording is possible"),
            Some(_) => write!(f, "\nrecording is not possible"),
        }
    }
}
