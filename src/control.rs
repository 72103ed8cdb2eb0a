//! What a `run` and the `up` of its data directory say to each other over `control.sock`: one JSON object a line, an answer to
//! each question in turn. Who may ask is [`server`]'s to check.

pub(crate) mod client;
pub(crate) mod server;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A line longer than this is no question of ours: a command line is cut before it is sent.
const LONGEST_LINE: u64 = 256 * 1024;

/// A question.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub(crate) enum Ask {
    /// Is someone there?
    Ping,
    /// Record a cgroup as a run; answered once the kernel watches it.
    Watch {
        /// What it is to be called.
        id: String,
        /// Whether that may have been the name of an earlier one.
        again: bool,
        /// Its cgroup's directory.
        cgroup: PathBuf,
        /// The command, to be shown.
        command: Vec<String>,
        /// Whom it belongs to.
        uid: u32,
    },
    /// Wait until every process of a run has ended and is stored.
    Finish {
        /// Which.
        id: String,
        /// How long to wait for those that live on, ms.
        patience_ms: u64,
    },
    /// Where is its page?
    Url {
        /// Whose.
        id: String,
    },
}

/// An answer.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub(crate) enum Answer {
    /// To `ping`.
    Pong {
        /// The version that answers.
        version: String,
        /// Its process.
        pid: u32,
    },
    /// To `watch`.
    Watching,
    /// To `finish`.
    Finished {
        /// Processes recorded.
        processes: u64,
        /// Of these, still alive.
        open_processes: u64,
        /// CPU of all of them, ns.
        cpu_ns: u64,
    },
    /// To `url`.
    Url {
        /// The page, with a token that opens it.
        url: String,
    },
    /// To anything.
    Refused {
        /// Why, for people.
        why: String,
    },
}

#[cfg(test)]
mod tests;
