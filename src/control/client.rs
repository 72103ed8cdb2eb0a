//! The asking side: a `run` that has found an `up`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use bc_recorder::Finished;
use bc_schema::ContainerId;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::{Answer, Ask, LONGEST_LINE};
use crate::recording::Run;

const GONE: &str = "the `up` that recorded here has stopped";

/// An `up`, by its socket. Each question connects anew: it may be stopped and started again while a command runs.
pub(crate) struct Client(PathBuf);

impl Client {
    /// Looks for one; `None` where nobody listens.
    pub(crate) async fn find(socket: &Path) -> anyhow::Result<Option<Self>> {
        let found = connect(socket).await?;
        Ok(found.map(|_| Self(socket.to_owned())))
    }

    /// Has a run's cgroup watched; when this comes back, nothing that happens in it is missed.
    pub(crate) async fn watch(&self, run: Run) -> anyhow::Result<()> {
        let Run {
            id,
            again,
            cgroup,
            command,
            uid,
        } = run;
        match self
            .ask(&Ask::Watch {
                id: id.to_string(),
                again,
                cgroup,
                command,
                uid,
            })
            .await?
        {
            Answer::Watching => Ok(()),
            other => senseless(&other),
        }
    }

    /// Where the page of a run is, with a token that opens it.
    pub(crate) async fn url(&self, id: &ContainerId) -> anyhow::Result<String> {
        match self.ask(&Ask::Url { id: id.to_string() }).await? {
            Answer::Url { url } => Ok(url),
            other => senseless(&other),
        }
    }

    /// Waits until every process of a run has ended and is stored, but no longer than `patience` for those that live on.
    pub(crate) async fn finish(
        &self,
        id: &ContainerId,
        patience: Duration,
    ) -> anyhow::Result<Finished> {
        let patience_ms = patience.as_millis().try_into().unwrap_or(u64::MAX);
        match self
            .ask(&Ask::Finish {
                id: id.to_string(),
                patience_ms,
            })
            .await?
        {
            Answer::Finished {
                processes,
                open_processes,
                cpu_ns,
            } => Ok(Finished {
                processes,
                open_processes,
                cpu_ns,
            }),
            other => senseless(&other),
        }
    }

    /// Asks, and waits for the answer; a refusal is an error.
    pub(super) async fn ask(&self, ask: &Ask) -> anyhow::Result<Answer> {
        let mut stream = BufReader::new(connect(&self.0).await?.context(GONE)?);
        let mut line = serde_json::to_vec(ask)?;
        line.push(b'\n');
        stream.write_all(&line).await.context(GONE)?;
        let mut answer = String::new();
        stream
            .take(LONGEST_LINE)
            .read_line(&mut answer)
            .await
            .context(GONE)?;
        if answer.is_empty() {
            bail!(GONE);
        }
        match serde_json::from_str(&answer)
            .context("the `up` that records here is of another version: restart it")?
        {
            Answer::Refused { why } => bail!(why),
            answer => Ok(answer),
        }
    }
}

async fn connect(socket: &Path) -> anyhow::Result<Option<UnixStream>> {
    // A socket without a listener is what a killed `up` leaves behind; one that resets is an `up` just stopping.
    let nobody = [
        ErrorKind::NotFound,
        ErrorKind::ConnectionRefused,
        ErrorKind::ConnectionReset,
    ];
    match UnixStream::connect(socket).await {
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

fn senseless<T>(answer: &Answer) -> anyhow::Result<T> {
    bail!(
        "the `up` that records here answered something else ({answer:?}): it is of another version, restart it"
    )
}
