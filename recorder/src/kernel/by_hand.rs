//! Loads what aya does not: a program relocated here, against the maps that aya has made, and loaded as it stands.
//!
//! That is the walk in one call, of a kind that aya does not know; and one typed tracepoint. Where lockdown refuses `bpf_probe_read_kernel`, aya takes the kernel for one that has only the older `bpf_probe_read`, and rewrites calls of
//! `bpf_probe_read_user` with it, which such a kernel refuses. The helper itself is allowed under lockdown, and one
//! program needs it.

use std::collections::HashSet;
use std::os::fd::{AsRawFd, OwnedFd};

use aya::{Btf, Ebpf};
use aya_obj::btf::BtfKind;
use aya_obj::generated::{
    BPF_F_SLEEPABLE, bpf_attach_type, bpf_attr__bindgen_ty_4 as LoadAttributes, bpf_cmd,
    bpf_prog_type,
};

use super::tables::descriptor;
use super::{KernelError, bpf};

/// Loads `program` for the tracepoint `hook`.
pub(super) fn tracepoint(
    object: &[u8],
    ebpf: &Ebpf,
    btf: &Btf,
    program: &str,
    hook: &str,
) -> Result<OwnedFd, KernelError> {
    let hook_id = btf
        .id_by_type_name_kind(&format!("btf_trace_{hook}"), BtfKind::Typedef)
        .map_err(|error| KernelError::refused(format!("looking up the hook {hook}"), error))?;
    load(object, ebpf, program, |load| {
        load.prog_type = bpf_prog_type::BPF_PROG_TYPE_TRACING as u32;
        load.expected_attach_type = bpf_attach_type::BPF_TRACE_RAW_TP as u32;
        load.attach_btf_id = hook_id;
    })
}

/// Loads `program` to be run by a system call.
pub(super) fn syscall(object: &[u8], ebpf: &Ebpf, program: &str) -> Result<OwnedFd, KernelError> {
    load(object, ebpf, program, |load| {
        load.prog_type = bpf_prog_type::BPF_PROG_TYPE_SYSCALL as u32;
        // The kernel has no others of this kind.
        load.prog_flags = BPF_F_SLEEPABLE;
    })
}

fn load(
    object: &[u8],
    ebpf: &Ebpf,
    program: &str,
    fill: impl FnOnce(&mut LoadAttributes),
) -> Result<OwnedFd, KernelError> {
    let doing = || format!("loading the kernel program {program}");
    let mut parsed =
        aya_obj::Object::parse(object).map_err(|error| KernelError::refused(doing(), error))?;
    let maps = parsed.maps.clone();
    let descriptors: Vec<_> = maps
        .iter()
        .filter_map(|(name, map)| {
            Some((name.as_str(), descriptor(ebpf.map(name)?)?.as_raw_fd(), map))
        })
        .collect();
    let sections: HashSet<usize> = parsed
        .functions
        .keys()
        .map(|(section, _)| *section)
        .collect();
    let refused = |error| KernelError::refused(doing(), error);
    parsed
        .relocate_maps(descriptors.into_iter(), &sections)
        .map_err(refused)?;
    parsed.relocate_calls(&sections).map_err(refused)?;
    let function = parsed
        .programs
        .get(program)
        .and_then(|found| parsed.functions.get(&found.function_key()))
        .ok_or(KernelError::NotEmbedded)?;
    bpf::open(bpf_cmd::BPF_PROG_LOAD, |attr| {
        // SAFETY: the member of BPF_PROG_LOAD, all of it zeroed.
        let load = unsafe { &mut attr.__bindgen_anon_3 };
        fill(load);
        // All but the NUL at the end.
        for (to, from) in load.prog_name[..15].iter_mut().zip(program.bytes()) {
            *to = from as std::ffi::c_char;
        }
        load.insns = function.instructions.as_ptr() as u64;
        load.insn_cnt = function.instructions.len() as u32;
        load.license = c"Dual MIT/GPL".as_ptr() as u64;
    })
    .map_err(|error| KernelError::refused(doing(), error))
}
