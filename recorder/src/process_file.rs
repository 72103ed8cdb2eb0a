//! What `/proc` says of a process that was there before the recorder: its command line and executable, read once. Everything else
//! about it comes from the kernel's walk.

use std::fs::{self, File};
use std::io::Read;

use bc_abi::{ARGS_MAX, ProcessKey};

/// What a process runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandLine {
    /// What the kernel calls it.
    pub(crate) name: Option<String>,
    /// The executable's path.
    pub(crate) exe: Option<String>,
    /// The arguments, as far as they are taken.
    pub(crate) args: Vec<String>,
    /// There were more.
    pub(crate) args_cut: bool,
}

/// Reads it; `None` when the process is gone, or the pid is another process's by now.
pub(crate) fn command_line(key: ProcessKey) -> Option<CommandLine> {
    let directory = format!("/proc/{}", key.tgid);
    let file = File::open(format!("{directory}/cmdline")).ok()?;
    let mut bytes = Vec::new();
    // One more than is taken, to see whether there are more.
    file.take(ARGS_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .ok()?;
    let args_cut = bytes.len() > ARGS_MAX;
    bytes.truncate(ARGS_MAX);
    let name = fs::read_to_string(format!("{directory}/comm")).ok();
    let exe = fs::read_link(format!("{directory}/exe")).ok();
    // Looked at last: if the pid is still this process's now, it was before.
    let stat = fs::read_to_string(format!("{directory}/stat")).ok()?;
    (start_ticks(&stat)? == ticks(key.start_boot_ns)).then_some(())?;
    Some(CommandLine {
        name: name.map(|name| name.trim_end_matches('\n').to_owned()),
        exe: exe.map(|path| path.to_string_lossy().into_owned()),
        args: split(&bytes),
        args_cut,
    })
}

/// One variable of the environment that a process was started with; the others are not looked at.
pub(crate) fn environment(pid: u32, name: &[u8]) -> Option<String> {
    let bytes = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let value = bytes
        .split(|&byte| byte == 0)
        .find_map(|variable| variable.strip_prefix(name)?.strip_prefix(b"="))?;
    String::from_utf8(value.to_vec()).ok()
}

/// Arguments as the kernel lays them out: each with its NUL.
pub(crate) fn split(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes
        .split(|&byte| byte == 0)
        .map(|arg| String::from_utf8_lossy(arg).into_owned())
        .collect()
}

/// Field 22 of `stat`; the name before it may hold anything, parentheses too.
fn start_ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// The clock ticks that `stat` is in; 100 a second on every Linux.
fn ticks(ns: u64) -> u64 {
    ns / 10_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_split_at_their_nuls() {
        assert_eq!(split(b"sh\0-c\0\0"), ["sh", "-c", ""]);
        assert_eq!(split(b""), Vec::<String>::new());
        assert_eq!(split(b"cut of"), ["cut of"]);
    }

    #[test]
    fn a_name_with_parentheses_does_not_hide_the_start() {
        let stat = "7 (a) b) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 1 1";
        assert_eq!(start_ticks(stat), Some(4242));
    }

    #[test]
    fn a_variable_is_found_by_its_whole_name() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .env_clear()
            .envs([
                ("PATH", "/usr/bin:/bin"),
                ("XJOB", "1"),
                ("JOB_ID", "2"),
                ("JOB", "3"),
            ])
            .spawn()
            .unwrap();
        assert_eq!(environment(child.id(), b"JOB").as_deref(), Some("3"));
        assert_eq!(environment(child.id(), b"JO"), None);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(environment(child.id(), b"JOB"), None);
    }

    #[test]
    fn another_process_with_the_same_pid_is_not_taken_for_it() {
        let key = ProcessKey {
            tgid: std::process::id(),
            zero: 0,
            start_boot_ns: 1,
        };
        assert_eq!(command_line(key), None);
    }
}
