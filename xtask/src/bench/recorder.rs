//! The recorder that is measured: `bubble-chamber up`, all of it, in a process of its own. It watches what `run` hands it and nothing else.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::clock;
use super::ground::Ground;
use crate::engine::daemon::Daemon;

/// From the start to the page's address; loading the kernel programs takes most of it.
const STARTS_WITHIN: Duration = Duration::from_secs(60);
/// How long an answer may take.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// How often it is asked while something is waited for.
const PACE: Duration = Duration::from_millis(250);

/// A running `up`. Dropping it stops it.
pub(super) struct Recorder {
    daemon: Daemon,
    address: String,
}

impl Recorder {
    /// Starts it with an empty store, and waits until it records.
    ///
    /// # Errors
    /// It did not come up, with the end of its log.
    pub(super) fn start(ground: &Ground) -> Result<Self> {
        ground.clear()?;
        let mut up = ground.program("up");
        // Containers that happen to run on this machine are not what is measured; a `run` is never excluded.
        up.args(["--listen", "127.0.0.1:0", "--exclude", "*"]);
        let mut daemon = Daemon::start("up", ground.folder(), &mut up)?;
        let mut address = None;
        daemon.until(STARTS_WITHIN, || {
            address = address_in(&daemon_log(ground));
            address.is_some()
        })?;
        let address = address.context("reading the page's address")?;
        Ok(Self { daemon, address })
    }

    /// Its pid.
    pub(super) fn pid(&self) -> u32 {
        self.daemon.pid()
    }

    /// CPU that it has used so far.
    ///
    /// # Errors
    /// It has ended.
    pub(super) fn cpu_ns(&self) -> Result<u64> {
        clock::cpu_ns(self.pid())
    }

    /// What it says of itself.
    ///
    /// # Errors
    /// It does not answer.
    pub(super) fn says(&self) -> Result<Says> {
        let mut stream = TcpStream::connect(&self.address)
            .with_context(|| format!("connecting to {}", self.address))?;
        stream
            .set_read_timeout(Some(ANSWERS_WITHIN))
            .context("limiting how long an answer may take")?;
        let request = format!("GET /metrics HTTP/1.0\r\nHost: {}\r\n\r\n", self.address);
        let mut answer = String::new();
        stream
            .write_all(request.as_bytes())
            .and_then(|()| stream.read_to_string(&mut answer).map(drop))
            .with_context(|| format!("asking {} for its metrics", self.address))?;
        Says::read(&answer).with_context(|| format!("reading its metrics: {answer}"))
    }

    /// Waits until what it says of itself is so, at most this long.
    ///
    /// # Errors
    /// It never became so, with what it last said.
    pub(super) fn until(&self, limit: Duration, so: impl Fn(&Says) -> bool) -> Result<Says> {
        let began = Instant::now();
        loop {
            let says = self.says()?;
            if so(&says) {
                return Ok(says);
            }
            if began.elapsed() > limit {
                bail!("the recorder did not come so far within {limit:?}; it says {says:?}");
            }
            clock::sleep_until(Instant::now() + PACE)?;
        }
    }

    /// The memory it holds.
    ///
    /// # Errors
    /// It has ended.
    pub(super) fn memory(&self) -> Result<Memory> {
        let pid = self.pid();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))
            .context("reading the recorder's memory")?;
        let kernel = std::fs::read_dir(format!("/proc/{pid}/fdinfo"))
            .context("reading the recorder's descriptors")?
            .flatten()
            .filter_map(|entry| std::fs::read_to_string(entry.path()).ok())
            .filter_map(|descriptor| field(&descriptor, "memlock:"))
            .sum();
        Memory::read(&status, kernel).context("reading the recorder's memory: a field is missing")
    }
}

fn daemon_log(ground: &Ground) -> String {
    std::fs::read_to_string(ground.folder().join("up.log")).unwrap_or_default()
}

/// `HOST:PORT` of the page's address.
fn address_in(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("http://")?;
    let (address, rest) = rest.split_once('/')?;
    rest.contains('\n').then(|| address.to_owned())
}

/// The number behind a name at the beginning of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// What a recorder says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Says {
    /// Samples taken so far.
    pub(super) samples: u64,
    /// Processes known and alive.
    pub(super) processes: u64,
    /// What could not be recorded so far.
    pub(super) losses: u64,
}

impl Says {
    fn read(metrics: &str) -> Option<Self> {
        let losses = metrics
            .lines()
            .filter(|line| line.starts_with("bubble_chamber_losses_total{"))
            .filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok())
            .sum();
        Some(Self {
            samples: field(metrics, "bubble_chamber_samples_total ")?,
            processes: field(metrics, "bubble_chamber_processes ")?,
            losses,
        })
    }
}

/// Memory of a process, as its `status` tells it, and what the kernel holds for its maps and programs besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Memory {
    /// Resident now.
    pub(super) rss_bytes: u64,
    /// Most that was ever resident.
    pub(super) peak_rss_bytes: u64,
    /// Of it: heap and stacks.
    pub(super) anonymous_bytes: u64,
    /// Of it: pages of files, above all of the executable; the kernel can drop them at any time.
    pub(super) file_bytes: u64,
    /// Of it: shared memory.
    pub(super) shared_bytes: u64,
    /// Held by the kernel for maps and programs, in no process's RSS.
    pub(super) kernel_bytes: u64,
}

impl Memory {
    fn read(status: &str, kernel_bytes: u64) -> Option<Self> {
        let kib: BTreeMap<&str, u64> = ["VmRSS:", "VmHWM:", "RssAnon:", "RssFile:", "RssShmem:"]
            .into_iter()
            .filter_map(|name| Some((name, field(status, name)?)))
            .collect();
        let bytes = |name| Some(kib.get(name)? * 1024);
        Some(Self {
            rss_bytes: bytes("VmRSS:")?,
            peak_rss_bytes: bytes("VmHWM:")?,
            anonymous_bytes: bytes("RssAnon:")?,
            file_bytes: bytes("RssFile:")?,
            shared_bytes: bytes("RssShmem:")?,
            kernel_bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_once_its_line_is_whole() {
        assert_eq!(address_in("Recording.\n\n    http://127.0.0.1:45"), None);
        assert_eq!(address_in("http://127.0.0.1:4523/static/index"), None);
        assert_eq!(
            address_in("Recording.\n\n    http://127.0.0.1:4523/static/index.html?token=x\n"),
            Some("127.0.0.1:4523".to_owned())
        );
    }

    #[test]
    fn metrics_are_read() {
        let text = "# TYPE bubble_chamber_samples counter\nbubble_chamber_samples_total 4\nbubble_chamber_processes 1001\n\
                    bubble_chamber_losses_total{reason=\"a\"} 2\nbubble_chamber_losses_total{reason=\"b\"} 3\n";
        let says = Says {
            samples: 4,
            processes: 1_001,
            losses: 5,
        };
        assert_eq!(Says::read(text), Some(says));
        assert_eq!(
            Says::read("bubble_chamber_processes 3\n"),
            None,
            "unknown is not zero"
        );
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "VmHWM:\t   50956 kB\nVmRSS:\t   3 kB\nRssAnon:\t 1 kB\nRssFile:\t 2 kB\nRssShmem:\t 0 kB\n";
        let memory = Memory::read(status, 7).expect("all is there");
        assert_eq!(
            (
                memory.rss_bytes,
                memory.peak_rss_bytes,
                memory.file_bytes,
                memory.kernel_bytes
            ),
            (3_072, 52_178_944, 2_048, 7)
        );
        assert_eq!(Memory::read("VmRSS:\t 3 kB\n", 0), None);
    }
}
