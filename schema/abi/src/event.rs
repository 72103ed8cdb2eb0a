//! What goes through the ring: facts that fit no table. Each event is a header, a fixed part and a tail of bytes.

use crate::process::ProcessKey;
use crate::watch::CgroupKey;

/// Longest run of argument bytes taken from an exec.
pub const ARGS_MAX: usize = 4096;
/// Longest path taken, of an executable or a cgroup.
pub const PATH_MAX: usize = 512;

/// The kinds of event.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// [`ExecEvent`], then the arguments.
    Exec = 1,
    /// [`Event`] with a process: it is closed, its final record lies in the table.
    End = 2,
    /// [`MkdirEvent`].
    Mkdir = 3,
    /// [`Event`] with a cgroup.
    Rmdir = 4,
    /// [`Event`] with a process: it left a watched cgroup.
    Left = 5,
}

/// Starts every event.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct EventHeader {
    /// [`EventKind`].
    pub kind: u32,
    /// Bytes in the tail.
    pub tail: u32,
    /// Boot clock, ns.
    pub at_boot_ns: u64,
}

/// An event that only names something.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct Event {
    /// Kind and time.
    pub header: EventHeader,
    /// The process, where the kind says so.
    pub process: ProcessKey,
    /// The cgroup, where the kind says so.
    pub cgroup: CgroupKey,
}

/// A process executed something; the tail holds the arguments, each with its NUL, and behind it lies the path that exec was given.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ExecEvent {
    /// Kind and time.
    pub header: EventHeader,
    /// Whose.
    pub process: ProcessKey,
    /// Length of all arguments, also of those that were cut off.
    pub args_len: u64,
    /// Bytes of the path, behind the arguments; 0: unknown.
    pub path_len: u64,
    /// `comm` after the exec, up to its NUL.
    pub comm: [u8; 16],
}

/// A cgroup was made.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct MkdirEvent {
    /// Kind and time.
    pub header: EventHeader,
    /// Which.
    pub cgroup: CgroupKey,
    /// Its path in its hierarchy up to a NUL; empty: unknown.
    pub path: [u8; PATH_MAX],
}
