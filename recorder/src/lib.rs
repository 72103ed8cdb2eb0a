//! The node agent: kernel → samples → batches → sink.
//!
//! It knows the nouns (`bc-schema`), the kernel types (`bc-abi`) and its own eBPF object; it knows no store and no web.

mod agent;
mod capacities;
pub mod cgroup;
mod clock;
pub mod command;
pub mod config;
mod delivery;
mod error;
pub mod kernel;
mod lives;
pub mod mask;
pub mod probe;
mod process_file;
mod reading;
mod registry;
pub mod resolver;
pub mod runtime;
pub mod sink;
pub mod status;

pub use capacities::{Capacities, CapacityError};
pub use command::{Command, Finished, WatchError, may_continue};
pub use config::{Config, Resume};
pub use error::Error;
pub use kernel::embedded;
pub use sink::{Sink, SinkError};
pub use status::{Ring, Status, Waiting};

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Records until `shutdown`: loads the kernel programs, watches, samples, and hands batches to `sink`. `status.recording` turns true once
/// nothing can be missed any more. On the way out, everything known is handed over first.
pub async fn run(
    config: Config,
    sink: Arc<dyn Sink>,
    commands: mpsc::Receiver<Command>,
    status: watch::Sender<Status>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    agent::run(config, sink, commands, status, shutdown).await
}
