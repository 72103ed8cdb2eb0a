//! Fills the [`Layout`] that the kernel programs read their offsets from, out of this kernel's BTF. The names a field had in older
//! kernels stand beside its name; a field that recording cannot do without is an error, any other is marked absent.

use bc_abi::{ABSENT, Layout, PathMode};

use super::btf::{BtfError, KernelTypes};

/// The layout of the running kernel. `path_mode` and `binprm_id` are left to [`super::path_mode`].
pub(super) fn fill(types: &KernelTypes) -> Result<Layout, BtfError> {
    let mut layout = Layout::UNKNOWN;
    macro_rules! need {
        ($($field:ident = $structure:literal: $($path:literal)|+, $size:literal;)*) => {
            $(layout.$field = required(types, $structure, &[$($path),+], $size)?;)*
        };
    }
    macro_rules! want {
        ($($field:ident = $structure:literal: $($path:literal)|+, $size:literal;)*) => {
            $(layout.$field = optional(types, $structure, &[$($path),+], $size)?.unwrap_or(ABSENT);)*
        };
    }
    need! {
        task_pid = "task_struct": "pid", 4;
        task_tgid = "task_struct": "tgid", 4;
        task_comm = "task_struct": "comm", 16;
        task_cpu = "task_struct": "se.sum_exec_runtime", 8;
        task_utime = "task_struct": "utime", 8;
        task_stime = "task_struct": "stime", 8;
        task_min_flt = "task_struct": "min_flt", 8;
        task_maj_flt = "task_struct": "maj_flt", 8;
        task_start_boottime = "task_struct": "start_boottime" | "real_start_time", 8;
        task_group_leader = "task_struct": "group_leader", 8;
        task_real_parent = "task_struct": "real_parent", 8;
        task_signal = "task_struct": "signal", 8;
        task_mm = "task_struct": "mm", 8;
        task_cred = "task_struct": "cred", 8;
        task_cgroups = "task_struct": "cgroups", 8;
        task_thread_pid = "task_struct": "thread_pid", 8;
        task_exit_code = "task_struct": "exit_code", 4;
        signal_live = "signal_struct": "live.counter", 4;
        signal_nr_threads = "signal_struct": "nr_threads", 4;
        signal_flags = "signal_struct": "flags", 4;
        signal_group_exit_code = "signal_struct": "group_exit_code", 4;
        signal_maxrss = "signal_struct": "maxrss", 8;
        signal_oom_mm = "signal_struct": "oom_mm", 8;
        signal_cpu = "signal_struct": "sum_sched_runtime", 8;
        signal_utime = "signal_struct": "utime", 8;
        signal_stime = "signal_struct": "stime", 8;
        signal_min_flt = "signal_struct": "min_flt", 8;
        signal_maj_flt = "signal_struct": "maj_flt", 8;
        mm_hiwater_rss = "mm_struct": "hiwater_rss", 8;
        mm_total_vm = "mm_struct": "total_vm", 8;
        mm_arg_start = "mm_struct": "arg_start", 8;
        mm_arg_end = "mm_struct": "arg_end", 8;
        mm_env_end = "mm_struct": "env_end", 8;
        cred_uid = "cred": "uid.val", 4;
        pid_level = "pid": "level", 4;
        pid_numbers = "pid": "numbers[0].nr", 4;
        css_set_dfl_cgrp = "css_set": "dfl_cgrp", 8;
        css_cgroup = "cgroup_subsys_state": "cgroup", 8;
        cgroup_kn = "cgroup": "kn", 8;
        cgroup_root = "cgroup": "root", 8;
        root_hierarchy_id = "cgroup_root": "hierarchy_id", 4;
        kn_id = "kernfs_node": "id", 8;
    }
    want! {
        task_core = "task_struct": "thread_info.cpu" | "cpu", 4;
        task_block_read = "task_struct": "ioac.read_bytes", 8;
        task_block_write = "task_struct": "ioac.write_bytes", 8;
        task_cancelled_write = "task_struct": "ioac.cancelled_write_bytes", 8;
        task_rchar = "task_struct": "ioac.rchar", 8;
        task_wchar = "task_struct": "ioac.wchar", 8;
        task_syscr = "task_struct": "ioac.syscr", 8;
        task_syscw = "task_struct": "ioac.syscw", 8;
        signal_block_read = "signal_struct": "ioac.read_bytes", 8;
        signal_block_write = "signal_struct": "ioac.write_bytes", 8;
        signal_cancelled_write = "signal_struct": "ioac.cancelled_write_bytes", 8;
        signal_rchar = "signal_struct": "ioac.rchar", 8;
        signal_wchar = "signal_struct": "ioac.wchar", 8;
        signal_syscr = "signal_struct": "ioac.syscr", 8;
        signal_syscw = "signal_struct": "ioac.syscw", 8;
        binprm_buf = "linux_binprm": "buf", 256;
    }
    match optional(types, "task_struct", &["__state"], 4)? {
        Some(offset) => (layout.task_state, layout.task_state_is_long) = (offset, 0),
        None => {
            (layout.task_state, layout.task_state_is_long) =
                (required(types, "task_struct", &["state"], 8)?, 1)
        }
    }
    layout.upid_size = types
        .structure_size("upid")?
        .ok_or_else(|| BtfError::NoField("upid".into()))?;
    for (place, subsystem) in [
        (&mut layout.css_set_memory, "memory_cgrp_id"),
        (&mut layout.css_set_pids, "pids_cgrp_id"),
        (&mut layout.css_set_freezer, "freezer_cgrp_id"),
        (&mut layout.css_set_cpuacct, "cpuacct_cgrp_id"),
    ] {
        if let Some(index) = types.enumerator("cgroup_subsys_id", subsystem)? {
            *place = required(types, "css_set", &[&format!("subsys[{index}]")], 8)?;
        }
    }
    let numbers = types.field("pid", "numbers")?;
    layout.pid_by_probe = u32::from(numbers.is_none_or(|numbers| numbers.size != 0));
    rss(types, &mut layout)?;
    layout.exit_sees_mm = u32::from(types.tracepoint_arguments("sched_process_exit")? == Some(2));
    layout.path_mode = PathMode::None as u32;
    Ok(layout)
}

/// The RSS counters: structures of their own from 6.2 on, an array of atomics before.
fn rss(types: &KernelTypes, layout: &mut Layout) -> Result<(), BtfError> {
    let counters = [
        &mut layout.mm_rss_file,
        &mut layout.mm_rss_anon,
        &mut layout.mm_swap,
        &mut layout.mm_rss_shmem,
    ];
    for (index, place) in counters.into_iter().enumerate() {
        let structure = optional(
            types,
            "mm_struct",
            &[&format!("rss_stat[{index}].count")],
            8,
        )?;
        let atomic = format!("rss_stat.count[{index}].counter");
        (*place, layout.mm_rss_by_probe) = match structure {
            Some(offset) => (offset, 0),
            None => (required(types, "mm_struct", &[&atomic], 8)?, 1),
        };
    }
    Ok(())
}

fn optional(
    types: &KernelTypes,
    structure: &str,
    paths: &[&str],
    size: u32,
) -> Result<Option<u32>, BtfError> {
    for path in paths {
        // A field of another width is another field: the verifier would refuse the load.
        if let Some(field) = types.field(structure, path)?
            && field.size == size
        {
            return Ok(Some(field.offset));
        }
    }
    Ok(None)
}

fn required(
    types: &KernelTypes,
    structure: &str,
    paths: &[&str],
    size: u32,
) -> Result<u32, BtfError> {
    optional(types, structure, paths, size)?
        .ok_or_else(|| BtfError::NoField(format!("{structure}.{}", paths.join(" or "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_kernel_has_every_field_that_is_needed() {
        let types = KernelTypes::open().expect("a kernel with BTF");
        let layout = fill(&types).expect("a kernel we know");
        // What the compiler of C would say of a structure that is user ABI as well: `upid` holds an int and a pointer.
        assert_eq!(layout.upid_size, 16);
        assert_ne!(layout.task_pid, layout.task_tgid);
        assert_eq!(layout.task_tgid, layout.task_pid + 4);
        assert!(
            types
                .field("task_struct", "no_such_field")
                .unwrap()
                .is_none()
        );
    }
}
