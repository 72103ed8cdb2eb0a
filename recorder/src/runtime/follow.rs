//! Following docker-compatible sockets: what runs at connect, then every event, across restarts of the runtime.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::RuntimeFact;
use super::session::{Ended, session};
use crate::status::Status;

/// The first pause after a failure.
const PAUSE: Duration = Duration::from_secs(2);

/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Tells what the runtimes behind these sockets say of their containers: of those that run, and again whenever one is created,
/// started, renamed or changed. Sockets may appear, vanish and come back; one that is not there is looked for with each account of the recorder,
/// which is awake then. Returns at `shutdown`, or when nobody listens any more.
pub async fn follow(
    sockets: Vec<PathBuf>,
    facts: mpsc::Sender<RuntimeFact>,
    accounts: watch::Receiver<Status>,
    shutdown: CancellationToken,
) {
    let mut following = JoinSet::new();
    for socket in sockets {
        following.spawn(follow_one(socket, facts.clone(), accounts.clone()));
    }
    drop(facts);
    // Dropping the set at shutdown ends what it holds.
    shutdown
        .run_until_cancelled(async { while following.join_next().await.is_some() {} })
        .await;
}

async fn follow_one(
    socket: PathBuf,
    facts: mpsc::Sender<RuntimeFact>,
    mut accounts: watch::Receiver<Status>,
) {
    let mut pause = PAUSE;
    // What happened since is asked for at the first answer: a container may be over before its runtime is heard.
    let mut since = SystemTime::now();
    while !facts.is_closed() {
        let place = socket.display();
        // In place: it asks a file system in memory, and takes less than a way to another thread and back.
        pause = match std::fs::metadata(&socket) {
            Ok(_) => match session(&socket, &facts, since).await {
                Ended::Later(reason) => {
                    since = SystemTime::now();
                    tracing::info!(socket = %place, ?reason, "a container runtime closed its socket; new names come when it is back");
                    PAUSE
                }
                Ended::AtOnce(error) => {
                    tracing::debug!(socket = %place, %error, "a container runtime does not answer");
                    (pause * 2).min(LONGEST_PAUSE)
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tokio::select! {
                    told = accounts.changed() => if told.is_err() { return },
                    () = facts.closed() => {}
                }
                pause = PAUSE;
                continue;
            }
            Err(error) => {
                tracing::debug!(socket = %place, %error, "a container runtime's socket cannot be reached");
                LONGEST_PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = facts.closed() => {}
        }
    }
}
