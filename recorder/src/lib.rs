//! The node agent: kernel → samples → batches → sink.
//!
//! It knows the nouns (`bc-schema`), the kernel types (`bc-abi`) and its own eBPF object; it knows no store and no web.

pub mod cgroup;
pub mod command;
pub mod config;
pub mod kernel;
pub mod resolver;
pub mod sink;
pub mod status;

pub use command::{Command, Finished, WatchError};
pub use config::Config;
pub use kernel::embedded;
pub use sink::{Sink, SinkError};
pub use status::Status;
