//! Where the running kernel keeps what we read: filled from its BTF before the programs are loaded, read-only from then on, so that
//! the verifier sees constants.

/// The field does not exist in this kernel.
pub const ABSENT: u32 = u32::MAX;

/// How a kernel string behind a plain `char *` can be read.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathMode {
    /// Not at all: user space asks by file handle.
    None = 0,
    /// The kfunc `bpf_rdonly_cast` (6.2 and later), also under lockdown.
    Cast = 1,
    /// `bpf_probe_read_kernel_str`, unless lockdown forbids it.
    Probe = 2,
}

macro_rules! layout {
    ($($(#[doc = $doc:literal])* $name:ident;)*) => {
        /// Byte offsets (and a few other facts) of kernel structures; [`ABSENT`] where there is no such field.
        #[repr(C)]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Layout {
            $($(#[doc = $doc])* pub $name: u32,)*
        }

        impl Layout {
            /// Everything absent.
            pub const UNKNOWN: Layout = Layout { $($name: ABSENT,)* };

            /// Every field with its name, for `--check` and tests.
            pub fn fields(&self) -> impl Iterator<Item = (&'static str, u32)> {
                [$((stringify!($name), self.$name)),*].into_iter()
            }
        }
    };
}

layout! {
    /// `task_struct.__state` (`state` before 5.14).
    task_state;
    /// 1 when the state is a `long` (before 5.14), 0 when an `unsigned int`.
    task_state_is_long;
    /// `task_struct.pid`.
    task_pid;
    /// `task_struct.tgid`.
    task_tgid;
    /// `task_struct.comm`.
    task_comm;
    /// `task_struct.se.sum_exec_runtime`.
    task_cpu;
    /// `task_struct.thread_info.cpu` (`cpu` on some architectures and in older kernels).
    task_core;
    /// `task_struct.utime`.
    task_utime;
    /// `task_struct.stime`.
    task_stime;
    /// `task_struct.min_flt`.
    task_min_flt;
    /// `task_struct.maj_flt`.
    task_maj_flt;
    /// `task_struct.ioac.read_bytes`.
    task_block_read;
    /// `task_struct.ioac.write_bytes`.
    task_block_write;
    /// `task_struct.ioac.cancelled_write_bytes`.
    task_cancelled_write;
    /// `task_struct.ioac.rchar`.
    task_rchar;
    /// `task_struct.ioac.wchar`.
    task_wchar;
    /// `task_struct.ioac.syscr`.
    task_syscr;
    /// `task_struct.ioac.syscw`.
    task_syscw;
    /// `task_struct.start_boottime` (`real_start_time` before 5.5).
    task_start_boottime;
    /// `task_struct.group_leader`.
    task_group_leader;
    /// `task_struct.real_parent`.
    task_real_parent;
    /// `task_struct.signal`.
    task_signal;
    /// `task_struct.mm`.
    task_mm;
    /// `task_struct.cred`.
    task_cred;
    /// `task_struct.cgroups`.
    task_cgroups;
    /// `task_struct.thread_pid`.
    task_thread_pid;
    /// `task_struct.exit_code`.
    task_exit_code;
    /// `signal_struct.live`.
    signal_live;
    /// `signal_struct.nr_threads`.
    signal_nr_threads;
    /// `signal_struct.flags`.
    signal_flags;
    /// `signal_struct.group_exit_code`.
    signal_group_exit_code;
    /// `signal_struct.maxrss`.
    signal_maxrss;
    /// `signal_struct.oom_mm`.
    signal_oom_mm;
    /// `signal_struct.sum_sched_runtime`: CPU of threads already reaped.
    signal_cpu;
    /// `signal_struct.utime`.
    signal_utime;
    /// `signal_struct.stime`.
    signal_stime;
    /// `signal_struct.min_flt`.
    signal_min_flt;
    /// `signal_struct.maj_flt`.
    signal_maj_flt;
    /// `signal_struct.ioac.read_bytes`.
    signal_block_read;
    /// `signal_struct.ioac.write_bytes`.
    signal_block_write;
    /// `signal_struct.ioac.cancelled_write_bytes`.
    signal_cancelled_write;
    /// `signal_struct.ioac.rchar`.
    signal_rchar;
    /// `signal_struct.ioac.wchar`.
    signal_wchar;
    /// `signal_struct.ioac.syscr`.
    signal_syscr;
    /// `signal_struct.ioac.syscw`.
    signal_syscw;
    /// `mm_struct.rss_stat[MM_FILEPAGES]`, its count.
    mm_rss_file;
    /// `mm_struct.rss_stat[MM_ANONPAGES]`, its count.
    mm_rss_anon;
    /// `mm_struct.rss_stat[MM_SHMEMPAGES]`, its count.
    mm_rss_shmem;
    /// `mm_struct.rss_stat[MM_SWAPENTS]`, its count.
    mm_swap;
    /// How the four are read: 0 by a plain load, 1 by `bpf_probe_read_kernel` (before 6.2 the verifier does not follow an array of `atomic_long_t`), [`ABSENT`]: not at all.
    mm_rss_by_probe;
    /// `mm_struct.hiwater_rss`.
    mm_hiwater_rss;
    /// `mm_struct.total_vm`.
    mm_total_vm;
    /// `mm_struct.arg_start`.
    mm_arg_start;
    /// `mm_struct.arg_end`.
    mm_arg_end;
    /// `mm_struct.env_end`.
    mm_env_end;
    /// `cred.uid`.
    cred_uid;
    /// `pid.level`.
    pid_level;
    /// `pid.numbers[0].nr`.
    pid_numbers;
    /// How the numbers behind the first are read: 0 by plain loads, 1 by `bpf_probe_read_kernel` (where the array is declared with one element, the verifier allows no other), [`ABSENT`]: not at all.
    pid_by_probe;
    /// Size of `struct upid`.
    upid_size;
    /// `css_set.dfl_cgrp`.
    css_set_dfl_cgrp;
    /// `css_set.subsys[memory_cgrp_id]`.
    css_set_memory;
    /// `css_set.subsys[pids_cgrp_id]`.
    css_set_pids;
    /// `css_set.subsys[freezer_cgrp_id]`.
    css_set_freezer;
    /// `css_set.subsys[cpuacct_cgrp_id]`.
    css_set_cpuacct;
    /// `cgroup_subsys_state.cgroup`.
    css_cgroup;
    /// `cgroup.kn`.
    cgroup_kn;
    /// `cgroup.root`.
    cgroup_root;
    /// `cgroup_root.hierarchy_id`.
    root_hierarchy_id;
    /// `kernfs_node.id`.
    kn_id;
    /// [`PathMode`].
    path_mode;
    /// BTF id of `struct linux_binprm`, for [`PathMode::Cast`].
    binprm_id;
    /// `linux_binprm.buf`: 256 bytes of `char`, the widest window on plain memory.
    binprm_buf;
    /// 1 when the exit tracepoint still sees the memory map (6.16 and later).
    exit_sees_mm;
}
