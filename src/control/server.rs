//! The answering side: an `up`. Root and the owner of this process may ask; nobody else yet.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bc_schema::ContainerId;
use std::os::unix::fs::PermissionsExt;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::{Answer, Ask, LONGEST_LINE};
use crate::link::Links;
use crate::recording::{Desk, Run};

/// What it takes to answer.
pub(crate) struct Server {
    /// The recorder's.
    pub(crate) desk: Desk,
    /// The page's.
    pub(crate) links: Links,
}

/// Opens the socket. Only for who holds the directory's lock: a socket that is there is then a dead one's.
pub(crate) fn listen(socket: &Path) -> anyhow::Result<UnixListener> {
    let doing = || format!("cannot open the control socket {}", socket.display());
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).with_context(doing),
        _ => {}
    }
    let listener = UnixListener::bind(socket).with_context(doing)?;
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600)).with_context(doing)?;
    Ok(listener)
}

impl Server {
    /// Answers until told to stop.
    pub(crate) async fn serve(
        self,
        listener: UnixListener,
        shutdown: CancellationToken,
    ) -> anyhow::Result<()> {
        let server = Arc::new(self);
        loop {
            let (stream, _) = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                accepted = listener.accept() => accepted.context("the control socket failed")?,
            };
            let (server, shutdown) = (server.clone(), shutdown.clone());
            tokio::spawn(async move {
                let talk = shutdown.run_until_cancelled(server.talk(stream)).await;
                if let Some(Err(error)) = talk {
                    tracing::debug!(%error, "a talk over the control socket ended early");
                }
            });
        }
    }

    async fn talk(&self, stream: UnixStream) -> std::io::Result<()> {
        let peer = stream.peer_cred()?.uid();
        let mut stream = BufReader::new(stream);
        loop {
            let mut line = Vec::new();
            (&mut stream)
                .take(LONGEST_LINE)
                .read_until(b'\n', &mut line)
                .await?;
            if line.is_empty() {
                return Ok(());
            }
            let answer = if peer == 0 || peer == nix::unistd::geteuid().as_raw() {
                self.answer(&line)
                    .await
                    .unwrap_or_else(|error| Answer::Refused {
                        why: format!("{error:#}"),
                    })
            } else {
                Answer::Refused {
                    why:
                        "only root may have commands recorded here: say `sudo bubble-chamber run …`"
                            .into(),
                }
            };
            let mut text = serde_json::to_vec(&answer)?;
            text.push(b'\n');
            stream.write_all(&text).await?;
        }
    }

    async fn answer(&self, line: &[u8]) -> anyhow::Result<Answer> {
        let ask = serde_json::from_slice(line)
            .context("the `up` that records here does not know this question: it is of another version, restart it")?;
        Ok(match ask {
            Ask::Ping => Answer::Pong {
                version: env!("CARGO_PKG_VERSION").into(),
                pid: std::process::id(),
            },
            Ask::Watch {
                id,
                again,
                cgroup,
                command,
                uid,
            } => {
                self.desk
                    .watch(Run {
                        id: known(id)?,
                        again,
                        cgroup,
                        command,
                        uid,
                    })
                    .await?;
                Answer::Watching
            }
            Ask::Finish { id, patience_ms } => {
                let finished = self
                    .desk
                    .finish(known(id)?, Duration::from_millis(patience_ms))
                    .await?;
                Answer::Finished {
                    processes: finished.processes,
                    open_processes: finished.open_processes,
                    cpu_ns: finished.cpu_ns,
                }
            }
            Ask::Url { id } => Answer::Url {
                url: self.links.container(&known(id)?),
            },
        })
    }
}

fn known(id: String) -> anyhow::Result<ContainerId> {
    ContainerId::new(id).context("that is no id")
}
