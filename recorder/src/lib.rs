//! The node agent: kernel → samples → batches → sink.
//!
//! It knows the nouns (`bc-schema`), the kernel types (`bc-abi`) and its own eBPF object; it knows no store and no web.

mod agent;
mod alarm;
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
pub use config::{Config, Resume, Watched};
pub use error::Error;
pub use kernel::embedded;
pub use sink::{Sink, SinkError};
pub use status::{Ring, Status, Waiting};

use std::sync::Arc;

use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

/// Records until `shutdown`: loads the kernel programs, watches, samples, and hands batches to `sink`. `status.recording` turns true once
/// nothing can be missed any more. On the way out, everything known is handed over first.
///
/// It works in a thread of its own: a walk over thousands of tasks is long for whoever else would share it, and a sample that others delay
/// is a sample of another second.
pub async fn run(
    config: Config,
    sink: Arc<dyn Sink>,
    commands: mpsc::Receiver<Command>,
    status: watch::Sender<Status>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let (told, ended) = oneshot::channel();
    let work = move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        let outcome = runtime.map_err(Error::Thread).and_then(|thread| {
            thread.block_on(agent::run(config, sink, commands, status, shutdown))
        });
        // Whoever waited may have stopped waiting.
        let _ = told.send(outcome);
    };
    let thread = std::thread::Builder::new().name("recorder".into());
    let thread = thread.spawn(work).map_err(Error::Thread)?;
    match ended.await {
        Ok(outcome) => outcome,
        Err(_) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => unreachable!("a thread that ends says how"),
        },
    }
}
