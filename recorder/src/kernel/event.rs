//! Events from the ring, decoded.

use bc_abi::{
    CgroupKey, Event, EventHeader, EventKind, ExecEvent, MkdirEvent, PATH_MAX, ProcessKey,
};

use super::shared::{read, text};
use crate::cgroup;

/// What the kernel tells.
#[derive(Debug, PartialEq, Eq)]
pub enum KernelEvent {
    /// A process executed something.
    Exec {
        /// Whose.
        process: ProcessKey,
        /// Boot clock, ns.
        at_boot_ns: u64,
        /// `comm` after it.
        comm: String,
        /// The path that was given to exec.
        path: Option<String>,
        /// The arguments, each with its NUL; `None` when they could not be read.
        args: Option<Vec<u8>>,
        /// There were more than were taken.
        args_cut: bool,
    },
    /// A process is closed; its final record lies in the table.
    End {
        /// Which.
        process: ProcessKey,
    },
    /// A process left the last watched cgroup.
    Left {
        /// Which.
        process: ProcessKey,
        /// Boot clock, ns.
        at_boot_ns: u64,
    },
    /// A cgroup was made.
    Mkdir {
        /// Which.
        cgroup: CgroupKey,
        /// Its path in its hierarchy, where the kernel let us read it, and all of it.
        path: Option<String>,
        /// Boot clock, ns.
        at_boot_ns: u64,
    },
    /// A cgroup is gone.
    Rmdir {
        /// Which.
        cgroup: CgroupKey,
        /// Boot clock, ns.
        at_boot_ns: u64,
    },
}

impl KernelEvent {
    /// Decodes one item of the ring; `None` for what no program of ours writes.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < size_of::<EventHeader>() {
            return None;
        }
        let header: EventHeader = read(bytes);
        let at_boot_ns = header.at_boot_ns;
        if header.kind == EventKind::Exec as u32 && bytes.len() >= size_of::<ExecEvent>() {
            let event: ExecEvent = read(bytes);
            let tail = &bytes[size_of::<ExecEvent>()..];
            let (args, rest) = tail.split_at_checked(header.tail as usize)?;
            let path = rest
                .get(..event.path_len as usize)
                .filter(|path| !path.is_empty());
            let readable = event.args_len != u64::MAX;
            return Some(Self::Exec {
                process: event.process,
                at_boot_ns,
                comm: text(&event.comm),
                path: path.map(|path| String::from_utf8_lossy(path).into_owned()),
                args: readable.then(|| args.to_vec()),
                args_cut: readable && event.args_len > u64::from(header.tail),
            });
        }
        if header.kind == EventKind::Mkdir as u32 && bytes.len() >= size_of::<MkdirEvent>() {
            let event: MkdirEvent = read(bytes);
            let end = event.path.iter().position(|&byte| byte == 0);
            // One that fills its place was cut: half a name is worse than none.
            let path = end.filter(|&end| end > 0 && end < PATH_MAX - 1);
            return Some(Self::Mkdir {
                cgroup: event.cgroup,
                path: path.map(|end| cgroup::path::text(&event.path[..end])),
                at_boot_ns,
            });
        }
        if bytes.len() < size_of::<Event>() {
            return None;
        }
        let event: Event = read(bytes);
        match header.kind {
            kind if kind == EventKind::End as u32 => Some(Self::End {
                process: event.process,
            }),
            kind if kind == EventKind::Left as u32 => Some(Self::Left {
                process: event.process,
                at_boot_ns,
            }),
            kind if kind == EventKind::Rmdir as u32 => Some(Self::Rmdir {
                cgroup: event.cgroup,
                at_boot_ns,
            }),
            _ => None,
        }
    }
}
