//! A program that does nothing, on a tracepoint: what any program there costs, whatever it does.

use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd};

use anyhow::{Context, Result};

use super::bpf;

/// bpf(2): `BPF_PROG_LOAD`, `BPF_RAW_TRACEPOINT_OPEN`.
const LOAD: libc::c_int = 5;
const ATTACH: libc::c_int = 17;
/// `BPF_PROG_TYPE_RAW_TRACEPOINT`. The recorder's are typed (`BPF_PROG_TYPE_TRACING`), and run from the same place in the kernel.
const RAW_TRACEPOINT: u32 = 17;
/// `r0 = 0; exit`.
const PROGRAM: [u64; 2] = [0xb7, 0x95];

/// The beginning of `union bpf_attr` for a load.
#[repr(C)]
struct LoadAttr {
    kind: u32,
    instructions: u32,
    program: u64,
    license: u64,
}

/// The same for a raw tracepoint.
#[repr(C)]
struct AttachAttr {
    name: u64,
    program: u32,
    /// Always 0.
    zero: u32,
}

/// At its hook for as long as it is held.
pub(super) struct Empty {
    _link: OwnedFd,
}

impl Empty {
    /// Attaches one.
    ///
    /// # Errors
    /// What the kernel says.
    pub(super) fn at(tracepoint: &str) -> Result<Self> {
        let name = CString::new(tracepoint).context("a tracepoint's name has no NUL")?;
        let mut load = LoadAttr {
            kind: RAW_TRACEPOINT,
            instructions: PROGRAM.len() as u32,
            program: PROGRAM.as_ptr() as u64,
            license: c"GPL".as_ptr() as u64,
        };
        // SAFETY: all of what is needed to load; what it points to lives until the end.
        let program = unsafe { bpf::open(LOAD, &mut load) }
            .context("loading an empty program into the kernel")?;
        let mut attach = AttachAttr {
            name: name.as_ptr() as u64,
            program: program.as_raw_fd() as u32,
            zero: 0,
        };
        // SAFETY: all of what is needed to attach, and a name that lives until the end.
        let link = unsafe { bpf::open(ATTACH, &mut attach) }
            .with_context(|| format!("attaching an empty program to {tracepoint}"))?;
        Ok(Self { _link: link })
    }
}
