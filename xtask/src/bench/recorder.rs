//! The recorder that is measured: `bubble-chamber up`, all of it, in a process of its own. It watches what `run` hands it and nothing else.
//! What it says of itself, and its memory, are read in the files below.

mod memory;
mod says;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::clock;
use super::ground::Ground;
use crate::engine::daemon::Daemon;

pub(super) use memory::Memory;
pub(super) use says::{Losses, Says, add_losses, losses_in_words};

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
        let descriptors = std::fs::read_dir(format!("/proc/{pid}/fdinfo"))
            .context("reading the recorder's descriptors")?
            .flatten()
            .filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
        let kernel_bytes = memory::kernel_bytes(descriptors);
        Memory::read(&status, kernel_bytes)
            .context("reading the recorder's memory: a field is missing")
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
}
