//! A capability of the kernel: one row of the table.

use serde::{Serialize, Serializer};

use crate::kernel::Trial;

/// Something that recording uses.
pub(super) struct Capability {
    /// What it gives.
    pub(super) gives: &'static str,
    /// The hook, helper or field that it is read by.
    pub(super) by: &'static str,
    /// What the kernel must be or have for that.
    pub(super) needs: &'static str,
    /// What is done where that is missing, best first.
    pub(super) instead: &'static [Instead],
    /// What is lost where there is neither.
    pub(super) lost: Lost,
    /// How it stands on this machine, where the programs run.
    pub(super) judge: fn(&Trial) -> State,
}

/// Another way to the same.
pub(super) struct Instead {
    /// Which.
    pub(super) by: &'static str,
    /// What the kernel must be or have for that; empty where it is always there.
    pub(super) needs: &'static str,
    /// What it costs; empty where it costs nothing.
    pub(super) costs: &'static str,
}

/// What is lost without a capability.
pub(super) enum Lost {
    /// This alone.
    Only(&'static str),
    /// This would be; so recording does not start.
    Required(&'static str),
}

/// How a capability stands on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it is meant.
    Works,
    /// By the replacement of this number in the table.
    Replaced(usize),
    /// Not there.
    Missing,
    /// Not asked for by the settings.
    Off,
    /// Not known: the programs do not run here.
    Untried,
}

impl State {
    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Replaced(_) => "replaced",
            Self::Missing => "missing",
            Self::Off => "off",
            Self::Untried => "untried",
        }
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
