//! The run time of a recorder's programs inside the kernel, as the kernel counts it when asked. Counting costs a little by itself, so it is
//! asked for only beside the measurements, never during them.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CStr;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use anyhow::{Context, Result};
use serde::Serialize;

use super::bpf;

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
        // SAFETY: the command reads a u32 and gives a new descriptor.
        let fd = unsafe { bpf::open(ENABLE_STATS, &mut kind) };
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
    let mut seen = BTreeSet::new();
    let descriptors = fs::read_dir(format!("/proc/{pid}/fdinfo"))
        .context("reading the recorder's descriptors")?;
    for descriptor in descriptors.flatten() {
        // A program's own descriptor, or that of a link that keeps it attached.
        let text = fs::read_to_string(descriptor.path()).unwrap_or_default();
        let Some(id) = value(&text, "prog_id:").filter(|id| seen.insert(*id)) else {
            continue;
        };
        let (name, more) = program(id as u32).context("asking the kernel about a program")?;
        let runs: &mut Runs = programs.entry(name).or_default();
        runs.count += more.count;
        runs.time_ns += more.time_ns;
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

impl Runs {
    /// As the `fdinfo` of a program's descriptor tells them; `None`: it is not a program's.
    fn read(fdinfo: &str) -> Option<Self> {
        Some(Self {
            count: value(fdinfo, "run_cnt:")?,
            time_ns: value(fdinfo, "run_time_ns:")?,
        })
    }
}

fn value(fdinfo: &str, name: &str) -> Option<u64> {
    let line = fdinfo.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().parse().ok()
}

/// A program's name and what it did since it was loaded.
fn program(id: u32) -> io::Result<(String, Runs)> {
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
    // SAFETY: the command reads three u32 and gives a new descriptor.
    let fd = unsafe { bpf::open(PROG_GET_FD_BY_ID, &mut by_id)? };
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
    unsafe { bpf::call(OBJ_GET_INFO_BY_FD, &mut ask)? };
    let name = CStr::from_bytes_until_nul(&info.name).map_err(io::Error::other)?;
    let text = fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd()))?;
    let runs = Runs::read(&text)
        .ok_or_else(|| io::Error::other("the kernel tells no run time of a program"))?;
    Ok((name.to_string_lossy().into_owned(), runs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_by_its_own_descriptor_and_by_a_links() {
        let program = "pos:\t0\nprog_type:\t26\nprog_jited:\t1\nmemlock:\t4096\nprog_id:\t77\nrun_time_ns:\t1500\nrun_cnt:\t3\n";
        let runs = Runs {
            count: 3,
            time_ns: 1_500,
        };
        assert_eq!(Runs::read(program), Some(runs));
        let link = "link_type:\ttracing\nprog_id:\t77\n";
        assert_eq!(
            (Runs::read(link), value(link, "prog_id:")),
            (None, Some(77))
        );
        assert_eq!(value("map_type:\t1\nmemlock:\t8\n", "prog_id:"), None);
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
