//! What a running recorder can be asked to do.

use std::path::PathBuf;
use std::time::Duration;

use bc_schema::{Container, ContainerId, ContainerKind};
use tokio::sync::oneshot;

/// A request to a running recorder.
#[derive(Debug)]
pub enum Command {
    /// Record a cgroup under an id of the caller's choice, as a `run`. Answered once the kernel watches it: from then on nothing of it is missed.
    Watch {
        /// The id it is to have.
        id: ContainerId,
        /// The cgroup's directory in a mounted cgroup file system.
        cgroup: PathBuf,
        /// The command that will run there.
        command: Vec<String>,
        /// Whom it belongs to.
        uid: Option<u32>,
        /// The answer.
        reply: oneshot::Sender<Result<(), WatchError>>,
    },
    /// Wait until every process of a `run` has ended and is stored.
    Finish {
        /// Which.
        id: ContainerId,
        /// How long to wait for processes that still live (daemons left behind).
        patience: Duration,
        /// The answer.
        reply: oneshot::Sender<Finished>,
    },
    /// Leave what is pinned to the next recorder when this one stops: it is waiting, and nothing in between is to be lost.
    HandOver,
}

/// How a wait for a run's end came out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finished {
    /// Processes recorded.
    pub processes: u64,
    /// Of these, still alive when patience ended.
    pub open_processes: u64,
    /// Of these, ended by a signal or with another code than 0.
    pub failed: u64,
    /// Of the failed, ended because memory ran out.
    pub oom_killed: u64,
    /// CPU of all of them, ns.
    pub cpu_ns: u64,
}

/// Why a cgroup is not watched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WatchError {
    /// The id is in use by a live run.
    #[error("a run with the id `{0}` is being recorded now; choose another with --id")]
    InUse(ContainerId),
    /// The id was a container's, or a run's of another user.
    #[error("the id `{0}` has been used by somebody else; choose another with --id")]
    Others(ContainerId),
    /// The directory is no cgroup.
    #[error("{path} is not a cgroup: {reason}")]
    NotACgroup {
        /// The path given.
        path: PathBuf,
        /// What the kernel said.
        reason: String,
    },
    /// The kernel refused.
    #[error("the kernel's watch table took no entry: {0}")]
    Refused(String),
}

/// Whether a user may begin another life of what was called so before: a link that opens one life opens them all.
pub fn may_continue(earlier: &Container, uid: Option<u32>) -> bool {
    earlier.kind == ContainerKind::Run && (uid == Some(0) || earlier.uid == uid)
}
