//! The asking side. It blocks: the process that becomes a command asks for itself, before it has threads.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bc_recorder::Finished;
use bc_schema::ContainerId;

use super::{Answer, Ask, LONGEST_LINE};

const GONE: &str = "the `up` that recorded here has stopped";

/// How long an answer may take, besides what was asked to be waited for.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// How long a place is waited for when there are too many.
const PLACE_WITHIN: Duration = Duration::from_secs(30);

/// How often it is asked for.
const PLACE_POLL: Duration = Duration::from_millis(50);

/// Whoever records into a data directory, by its socket. Each question connects anew: it may be stopped and started again while a
/// command runs.
#[derive(Debug, Clone)]
pub(crate) struct Client(PathBuf);

impl Client {
    /// By a socket, whether somebody listens there or not.
    pub(crate) fn at(socket: &Path) -> Self {
        Self(socket.to_owned())
    }

    /// Whether somebody listens.
    pub(crate) fn answers(&self) -> anyhow::Result<bool> {
        Ok(connect(&self.0)?.is_some())
    }

    /// Waits until every process of a run has ended and is stored, but no longer than `patience` for those that live on.
    pub(crate) async fn finish(
        &self,
        id: &ContainerId,
        patience: Duration,
    ) -> anyhow::Result<Finished> {
        let patience_ms = patience.as_millis().try_into().unwrap_or(u64::MAX);
        let ask = Ask::Finish {
            id: id.to_string(),
            patience_ms,
        };
        let client = self.clone();
        let answer = tokio::task::spawn_blocking(move || client.ask(&ask)).await??;
        match answer {
            Answer::Finished {
                processes,
                open_processes,
                failed,
                oom_killed,
                cpu_ns,
            } => Ok(Finished {
                processes,
                open_processes,
                failed,
                oom_killed,
                cpu_ns,
            }),
            other => senseless(&other),
        }
    }

    /// Asks, and waits for the answer; a refusal is an error.
    pub(crate) fn ask(&self, ask: &Ask) -> anyhow::Result<Answer> {
        let mut line = serde_json::to_vec(ask)?;
        line.push(b'\n');
        let until = Instant::now() + PLACE_WITHIN;
        loop {
            match self.ask_once(&line)? {
                Answer::Busy if Instant::now() < until => std::thread::sleep(PLACE_POLL),
                Answer::Busy => {
                    bail!("the `up` that records here is kept busy by others of yours; try again")
                }
                Answer::Refused { why } => bail!(why),
                answer => return Ok(answer),
            }
        }
    }

    fn ask_once(&self, line: &[u8]) -> anyhow::Result<Answer> {
        let mut stream = connect(&self.0)?.context(GONE)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        stream.set_write_timeout(Some(ANSWER_WITHIN))?;
        // Who has no place for us says so without listening.
        let _ = stream.write_all(line);
        let mut answer = String::new();
        match BufReader::new(stream)
            .take(LONGEST_LINE)
            .read_line(&mut answer)
        {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                bail!(
                    "the `up` that records here did not answer within {} s",
                    ANSWER_WITHIN.as_secs()
                )
            }
            read => read.context(GONE)?,
        };
        if answer.is_empty() {
            bail!(GONE);
        }
        serde_json::from_str(&answer)
            .context("the `up` that records here is of another version: restart it")
    }
}

fn connect(socket: &Path) -> anyhow::Result<Option<UnixStream>> {
    // A socket without a listener is what a killed `up` leaves behind; one that resets is an `up` just stopping.
    let nobody = [
        ErrorKind::NotFound,
        ErrorKind::ConnectionRefused,
        ErrorKind::ConnectionReset,
    ];
    match UnixStream::connect(socket) {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if nobody.contains(&error.kind()) => Ok(None),
        Err(error) => Err(error).with_context(|| {
            format!(
                "cannot ask the `up` that records here over {}",
                socket.display()
            )
        }),
    }
}

/// Says that an answer fits no question.
pub(crate) fn senseless<T>(answer: &Answer) -> anyhow::Result<T> {
    bail!(
        "the `up` that records here answered something else ({answer:?}): it is of another version, restart it"
    )
}
