//! The vocabulary every part shares: one noun, one type, one file.
//!
//! Nothing here talks to a kernel, a network or a disk. The store traits ([`store`]) are the one contract that every store keeps; who
//! implements them is not known here.

pub mod batch;
pub mod committed;
pub mod container;
pub mod cpu_total;
pub mod cpu_usage;
pub mod loss;
pub mod metric;
pub mod process;
pub mod process_id;
pub mod resolution;
pub mod retention;
pub mod sample;
pub mod store;
pub mod usage;
pub mod varint;

pub use batch::Batch;
pub use committed::Committed;
pub use container::{Container, ContainerId, ContainerKind, LifeKey, Limits};
pub use cpu_total::CpuTotal;
pub use loss::{Loss, LossReason};
pub use metric::{Metric, MetricKind, Metrics};
pub use process::{ProcessEnd, ProcessExec, ProcessStart};
pub use process_id::{BootId, ProcessId};
pub use resolution::{Resolution, TimeRange};
pub use retention::Retention;
pub use sample::{Closes, Sample};
