//! What a `run` that records by itself answers: it makes way for an `up`, and takes no commands of others.

use std::path::PathBuf;

use anyhow::{Context, bail};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::control::address::{self, Opened};
use crate::control::peer::Peer;
use crate::control::server::{Answers, serve};
use crate::control::{Answer, Ask};

/// In what role it has the data directory.
pub(crate) const ROLE: &str = "run";

/// The asked side, while it is kept.
pub(super) struct Desk {
    asked: mpsc::Receiver<oneshot::Sender<()>>,
    _until: DropGuard,
}

struct Alone(mpsc::Sender<oneshot::Sender<()>>);

impl Desk {
    /// Answers on this socket. Only for who has the data directory.
    pub(super) fn open(socket: PathBuf) -> anyhow::Result<(Self, Opened)> {
        let (listener, opened) = address::listen(socket)?;
        let (ask, asked) = mpsc::channel(1);
        let until = CancellationToken::new();
        tokio::spawn(serve(Alone(ask), listener, until.clone()));
        let desk = Self {
            asked,
            _until: until.drop_guard(),
        };
        Ok((desk, opened))
    }

    /// Comes back when an `up` wants the data directory; it is told through what this gives.
    pub(super) async fn asked_to_hand_over(&mut self) -> oneshot::Sender<()> {
        match self.asked.recv().await {
            Some(done) => done,
            None => std::future::pending().await,
        }
    }
}

impl Answers for Alone {
    async fn answer(&self, ask: Ask, peer: &Peer) -> anyhow::Result<Answer> {
        if ask != Ask::HandOver || peer.uid != 0 {
            bail!(
                "a `run` records here by itself and takes no commands: wait for its end, or start an `up`, which takes over from it"
            );
        }
        let (done, handed_over) = oneshot::channel();
        let over = "the `run` that records here is just ending";
        self.0.send(done).await.context(over)?;
        handed_over.await.context(over)?;
        Ok(Answer::HandedOver)
    }
}
