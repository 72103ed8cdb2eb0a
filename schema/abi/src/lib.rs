//! What the kernel programs and the agent say to each other, byte for byte. `no_std`, no dependencies, every struct `#[repr(C)]`
//! without padding: both sides compile this very file, so it cannot drift.
#![no_std]

mod control;
mod core_time;
mod event;
mod kernel_function;
mod layout;
mod loss;
mod note;
mod process;
mod task;
mod watch;

pub use control::Control;
pub use core_time::{CORE_PLACES, CoreKey, Cores};
pub use event::{ARGS_MAX, Event, EventHeader, EventKind, ExecEvent, MkdirEvent, PATH_MAX};
pub use kernel_function::KernelFunction;
pub use layout::{ABSENT, Layout, PathMode};
pub use loss::{KernelLoss, Lost};
pub use note::CgroupNote;
pub use process::{
    Account, ENTRY_SLOTS, End, Process, ProcessKey, Said, Totals, end_flag, process_flag,
};
pub use task::{TaskRecord, task_flag};
pub use watch::{CgroupKey, FILTER_OWNED, FILTER_SLOTS, SPILL_SLOTS, Watch};

/// Capacity of the process table unless told otherwise: living and not yet collected processes of watched containers.
pub const PROCESSES_MAX: u32 = 32_768;
/// Capacity of the watch table unless told otherwise: cgroups, over all hierarchies.
pub const WATCHES_MAX: u32 = 16_384;
/// Capacity of the accounts unless told otherwise: cgroups whose processes found no room. Few are needed at a time, and full accounts cost little.
pub const ACCOUNTS_MAX: u32 = 2_048;
/// Size of the event ring unless told otherwise, bytes; a power of two.
pub const RING_BYTES: u32 = 2 << 20;
/// Capacity of a walk's records unless told otherwise: as many threads as one second has something to tell of.
pub const RECORDS_MAX: u32 = 16_384;
