//! A program at its hook. It runs for as long as this descriptor is open or a pin of it stands, whoever made it.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use aya_obj::generated::{bpf_attach_type, bpf_cmd};

use super::bpf;

/// A link.
pub(super) struct Link(OwnedFd);

impl Link {
    /// Attaches a program to the typed tracepoint that it was loaded for.
    pub(super) fn tracepoint(program: BorrowedFd<'_>) -> io::Result<Self> {
        bpf::open(bpf_cmd::BPF_RAW_TRACEPOINT_OPEN, |attr| {
            attr.raw_tracepoint.prog_fd = program.as_raw_fd() as u32;
        })
        .map(Self)
    }

    /// Readies an iterator program to be read.
    pub(super) fn iterator(program: BorrowedFd<'_>) -> io::Result<Self> {
        bpf::open(bpf_cmd::BPF_LINK_CREATE, |attr| {
            attr.link_create.__bindgen_anon_1.prog_fd = program.as_raw_fd() as u32;
            attr.link_create.attach_type = bpf_attach_type::BPF_TRACE_ITER as u32;
        })
        .map(Self)
    }

    /// Opens one that was pinned.
    pub(super) fn pinned(path: &Path) -> io::Result<Self> {
        bpf::pinned(path).map(Self)
    }

    /// Pins it.
    pub(super) fn pin(&self, path: &Path) -> io::Result<()> {
        bpf::pin(self.0.as_fd(), path)
    }

    /// One walk of an iterator, from its beginning.
    pub(super) fn walk(&self) -> io::Result<File> {
        bpf::open(bpf_cmd::BPF_ITER_CREATE, |attr| {
            attr.iter_create.link_fd = self.0.as_raw_fd() as u32;
        })
        .map(File::from)
    }
}
