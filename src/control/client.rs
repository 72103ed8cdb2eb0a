//! The asking side: a `run` that has found an `up`.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::{Answer, Ask, LONGEST_LINE};

/// A connection to an `up`.
pub(crate) struct Client(BufReader<UnixStream>);

impl Client {
    /// Connects; `None` where nobody listens.
    pub(crate) async fn connect(socket: &Path) -> anyhow::Result<Option<Self>> {
        match UnixStream::connect(socket).await {
            Ok(stream) => Ok(Some(Self(BufReader::new(stream)))),
            // A socket without a listener is what a killed `up` leaves behind.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::ConnectionRefused
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error).with_context(|| {
                format!(
                    "cannot ask the `up` that records here over {}",
                    socket.display()
                )
            }),
        }
    }

    /// Asks, and waits for the answer; a refusal is an error.
    pub(crate) async fn ask(&mut self, ask: &Ask) -> anyhow::Result<Answer> {
        let mut line = serde_json::to_vec(ask)?;
        line.push(b'\n');
        let gone = "the `up` that recorded here has stopped";
        self.0.write_all(&line).await.context(gone)?;
        let mut answer = String::new();
        (&mut self.0)
            .take(LONGEST_LINE)
            .read_line(&mut answer)
            .await
            .context(gone)?;
        if answer.is_empty() {
            bail!(gone);
        }
        match serde_json::from_str(&answer)
            .context("the `up` that records here is of another version: restart it")?
        {
            Answer::Refused { why } => bail!(why),
            answer => Ok(answer),
        }
    }
}
