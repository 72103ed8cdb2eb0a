//! What a `run` and the one who records into its data directory say to each other over a unix socket: one JSON object a line, an
//! answer to each question in turn. Who asks is told by the kernel, never by the question; what they may is for those who answer.

pub(crate) mod address;
pub(crate) mod client;
pub(crate) mod desk;
mod guests;
pub(crate) mod peer;
pub(crate) mod server;

use serde::{Deserialize, Serialize};

/// A line longer than this is no question of ours: a command line is cut before it is sent.
const LONGEST_LINE: u64 = 64 * 1024;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub(crate) enum Ask {
    /// Put the process that asks into a cgroup of its own, and record that as a run of the user it belongs to.
    Record {
        /// What it is to be called.
        id: String,
        /// Whether that may have been the name of an earlier one.
        again: bool,
        /// The command that the process will become, to be shown.
        command: Vec<String>,
    },
    /// Wait until every process of a run has ended and is stored.
    Finish {
        /// Which.
        id: String,
        /// How long to wait for those that live on, ms.
        patience_ms: u64,
    },
    /// A token that opens its page.
    Token {
        /// Whose.
        id: String,
        /// How long it is to be good for, s.
        good_for_s: u64,
    },
    /// Leave the data directory to the `up` that asks.
    HandOver,
}

/// An answer.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub(crate) enum Answer {
    /// To `record`: the kernel watches its cgroup, and the process is in it.
    Recording {
        /// The page, with a token that opens it.
        url: String,
    },
    /// To `finish`.
    Finished {
        /// Processes recorded.
        processes: u64,
        /// Of these, still alive.
        open_processes: u64,
        /// Of these, ended by a signal or with another code than 0.
        #[serde(default)]
        failed: u64,
        /// Of the failed, ended because memory ran out.
        #[serde(default)]
        oom_killed: u64,
        /// CPU of all of them, ns.
        cpu_ns: u64,
    },
    /// To `token`.
    Token {
        /// It.
        token: String,
    },
    /// To `hand_over`: the directory is free.
    HandedOver,
    /// To anybody who has asked too much at once: later.
    Busy,
    /// To anything.
    Refused {
        /// Why, for people.
        why: String,
    },
}

#[cfg(test)]
mod tests;
