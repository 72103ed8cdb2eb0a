//! The run time of a recorder's programs inside the kernel, as the kernel counts it when asked. Counting costs a little by itself, so it is
//! asked for only beside the measurements, never during them.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use anyhow::{Context, Result};
use serde::Serialize;

/// Numbers of the system call's commands, from the kernel's `bpf.h`.
const PROG_GET_FD_BY_ID: libc::c_int = 13;
const OBJ_GET_INFO_BY_FD: libc::c_int = 15;
const ENABLE_STATS: libc::c_int = 32;

/// How often a program ran, and how long altogether.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Runs {
    /// Times.
    pub(super) count: u64,
    /// Nanoseconds.
    pub(super) time_ns: u64,
}

/// The kernel counts for as long as this is there.
pub(super) struct Counting(#[expect(dead_code, reason = "it counts until this is closed")] OwnedFd);

impl Counting {
    /// Asks it to count.
    ///
    /// # Errors
    /// It refuses; kernels before 5.8 cannot.
    pub(super) fn begin() -> Result<Self> {
        // The kind of statistics: run time.
        let mut kind = 0_u32;
        // SAFETY: the command reads a u32 and gives a new descriptor, which nobody else owns.
        let fd = unsafe { bpf(ENABLE_STATS, &mut kind).map(|fd| OwnedFd::from_raw_fd(fd)) };
        fd.map(Self)
            .context("asking the kernel to count the run time of its programs")
    }
}

/// What the programs of a process did since they were loaded, by name.
///
/// # Errors
/// Its descriptors cannot be read.
pub(super) fn of_process(pid: u32) -> Result<BTreeMap<String, Runs>> {
    let mut programs = BTreeMap::new();
    let mut seen = Vec::new();
    let descriptors = fs::read_dir(format!("/proc/{pid}/fdinfo"))
        .context("reading the recorder's descriptors")?;
    for descriptor in descriptors.flatten() {
        let Ok(text) = fs::read_to_string(descriptor.path()) else {
            continue;
        };
        let Some(program) = Program::read(&text) else {
            continue;
        };
        if seen.contains(&program.id) {
            continue;
        }
        seen.push(program.id);
        let name = name(program.id).context("asking the kernel for a program's name")?;
        let runs: &mut Runs = programs.entry(name).or_default();
        runs.count += program.runs.count;
        runs.time_ns += program.runs.time_ns;
    }
    Ok(programs)
}

/// What was added between two readings.
pub(super) fn between(
    before: &BTreeMap<String, Runs>,
    after: &BTreeMap<String, Runs>,
) -> BTreeMap<String, Runs> {
    let difference = |(name, now): (&String, &Runs)| {
        let was = before.get(name).copied().unwrap_or_default();
        let runs = Runs {
            count: now.count - was.count,
            time_ns: now.time_ns - was.time_ns,
        };
        (runs.count > 0).then(|| (name.clone(), runs))
    };
    after.iter().filter_map(difference).collect()
}

/// A program as a descriptor's `fdinfo` tells it.
#[derive(Debug, PartialEq, Eq)]
struct Program {
    id: u32,
    runs: Runs,
}

impl Program {
    /// `None`: it is no program's descriptor. (A link's names its program too, but has no run time.)
    fn read(fdinfo: &str) -> Option<Self> {
        let value = |name: &str| -> Option<u64> {
            let line = fdinfo.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().parse().ok()
        };
        Some(Self {
            id: value("prog_id:")?.try_into().ok()?,
            runs: Runs {
                count: value("run_cnt:")?,
                time_ns: value("run_time_ns:")?,
            },
        })
    }
}

fn name(id: u32) -> io::Result<String> {
    // The beginning of `struct bpf_prog_info`, as far as its name.
    #[repr(C)]
    struct Info {
        before: [u32; 16],
        name: [u8; 16],
    }
    #[repr(C)]
    struct Ask {
        fd: u32,
        length: u32,
        info: u64,
    }
    let mut by_id = [id, 0, 0];
    // SAFETY: the command reads three u32 and gives a new descriptor, which nobody else owns.
    let fd = unsafe { OwnedFd::from_raw_fd(bpf(PROG_GET_FD_BY_ID, &mut by_id)?) };
    let mut info = Info {
        before: [0; 16],
        name: [0; 16],
    };
    let mut ask = Ask {
        fd: fd.as_raw_fd().cast_unsigned(),
        length: size_of::<Info>() as u32,
        info: (&raw mut info) as u64,
    };
    // SAFETY: the command writes at most `length` bytes to `info`, which lives until after the call. What else it could write to is asked
    // for by pointers and lengths within `before`, which are zero.
    unsafe { bpf(OBJ_GET_INFO_BY_FD, &mut ask)? };
    let name = CStr::from_bytes_until_nul(&info.name).map_err(io::Error::other)?;
    Ok(name.to_string_lossy().into_owned())
}

/// # Safety
/// `attributes` begins as the command wants it; what follows is taken for zero.
unsafe fn bpf<T>(command: libc::c_int, attributes: &mut T) -> io::Result<i32> {
    // SAFETY: the pointer and the length are those of a live value; the rest is the caller's promise.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            std::ptr::from_mut(attributes),
            size_of::<T>(),
        )
    };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(answer as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programs_descriptor_is_told_from_others() {
        let program = "pos:\t0\nprog_type:\t26\nprog_jited:\t1\nmemlock:\t4096\nprog_id:\t77\nrun_time_ns:\t1500\nrun_cnt:\t3\n";
        let runs = Runs {
            count: 3,
            time_ns: 1_500,
        };
        assert_eq!(Program::read(program), Some(Program { id: 77, runs }));
        assert_eq!(Program::read("link_type:\ttracing\nprog_id:\t77\n"), None);
        assert_eq!(Program::read("map_type:\t1\nmemlock:\t8\n"), None);
    }

    #[test]
    fn only_what_ran_meanwhile_is_told() {
        let runs = |count, time_ns| Runs { count, time_ns };
        let before = BTreeMap::from([("a".to_owned(), runs(5, 50)), ("b".to_owned(), runs(1, 9))]);
        let after = BTreeMap::from([
            ("a".to_owned(), runs(7, 90)),
            ("b".to_owned(), runs(1, 9)),
            ("c".to_owned(), runs(2, 4)),
        ]);
        let expected = [("a".to_owned(), runs(2, 40)), ("c".to_owned(), runs(2, 4))];
        assert_eq!(between(&before, &after), BTreeMap::from(expected));
    }
}
