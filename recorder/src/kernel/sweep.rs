//! The walk over the tasks in one call of the kernel (6.7 and later), and its records where the kernel wrote them. Elsewhere, and where one
//! call did not bring all records, the iterator walks (`walk`).

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use aya::Ebpf;
use bc_abi::{KernelFunction, TaskRecord};

use super::btf::{BtfError, KernelTypes};
use super::object::patch;
use super::{KernelError, bpf, by_hand};

/// Its program.
pub(super) const SWEEPER: &str = "sweep_tasks";

/// Records that are mapped at first. More are when there are more: what is mapped counts as resident memory.
const MAPPED_AT_FIRST: usize = 64;

/// Makes the object's program fit the kernel; whether the kernel has what that takes.
pub(super) fn choose(types: &KernelTypes, object: &mut [u8]) -> Result<bool, BtfError> {
    for function in KernelFunction::OF_A_SWEEP {
        let Some(id) = types.function_id(function.name)? else {
            return Ok(false);
        };
        patch(object, function, id);
    }
    Ok(true)
}

/// The program, and what is mapped of its records.
pub(super) struct Sweeper {
    program: OwnedFd,
    mapped: Option<Mapped>,
}

impl Sweeper {
    /// Loads it. `None` where the kernel refuses, and nobody misses anything then.
    pub(super) fn load(object: &[u8], ebpf: &Ebpf) -> Option<Self> {
        by_hand::syscall(object, ebpf, SWEEPER)
            .inspect_err(|error| tracing::info!(%error, "tasks are walked by the iterator"))
            .ok()
            .map(Self::of)
    }

    /// Opens one that was pinned.
    pub(super) fn pinned(path: &Path) -> Result<Option<Self>, KernelError> {
        match bpf::pinned(path) {
            Ok(program) => Ok(Some(Self::of(program))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(KernelError::refused(
                format!("opening the program {SWEEPER}"),
                error,
            )),
        }
    }

    fn of(program: OwnedFd) -> Self {
        Self {
            program,
            mapped: None,
        }
    }

    /// Pins it.
    pub(super) fn pin(&self, path: &Path) -> io::Result<()> {
        bpf::pin(self.program.as_fd(), path)
    }

    /// Walks. `None`: the map of `records`, with this room, had none for all, or there are too many tasks for one call.
    pub(super) fn walk(
        &mut self,
        records: BorrowedFd<'_>,
        room: usize,
    ) -> io::Result<Option<&[TaskRecord]>> {
        let told = bpf::run(self.program.as_fd())?.cast_signed();
        let Ok(told) = usize::try_from(told) else {
            return Ok(None);
        };
        if self
            .mapped
            .as_ref()
            .is_none_or(|mapped| mapped.count < told)
        {
            let count = told.next_power_of_two().max(MAPPED_AT_FIRST).min(room);
            // First the old one goes: both at once would be counted twice.
            self.mapped = None;
            self.mapped = Some(Mapped::new(records, count)?);
        }
        Ok(self.mapped.as_ref().map(|mapped| mapped.first(told)))
    }
}

/// The first records of the map, mapped for reading.
struct Mapped {
    records: *const TaskRecord,
    count: usize,
}

// SAFETY: the mapping belongs to no thread.
unsafe impl Send for Mapped {}

impl Mapped {
    fn new(map: BorrowedFd<'_>, count: usize) -> io::Result<Self> {
        // SAFETY: a new mapping at an address of the kernel's choice; it aliases nothing of ours.
        let records = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                count * size_of::<TaskRecord>(),
                libc::PROT_READ,
                libc::MAP_SHARED,
                map.as_raw_fd(),
                0,
            )
        };
        if records == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            records: records.cast(),
            count,
        })
    }

    fn first(&self, count: usize) -> &[TaskRecord] {
        assert!(count <= self.count);
        // SAFETY: within the mapping, at the beginning of a page; any bytes are a record, and only a walk writes them, which takes the
        // sweeper for itself.
        unsafe { std::slice::from_raw_parts(self.records, count) }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        let bytes = self.count * size_of::<TaskRecord>();
        // SAFETY: the mapping made above; nothing borrowed from it is left.
        unsafe { libc::munmap(self.records.cast_mut().cast(), bytes) };
    }
}
