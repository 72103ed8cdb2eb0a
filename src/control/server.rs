//! The answering side's connections: how many, how long, how much is read of each. What is answered is [`Answers`]' own.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::guests::Guests;
use super::peer::Peer;
use super::{Answer, Ask, LONGEST_LINE};

/// How long a connection may take to put its next question, and to take its answer.
const QUESTION_WITHIN: Duration = Duration::from_secs(5);

/// How long nobody is let in after that failed: descriptors are short for a moment.
const BREATH: Duration = Duration::from_millis(100);

/// Whoever answers.
pub(crate) trait Answers: Send + Sync + 'static {
    /// Answers one question of a peer.
    fn answer(&self, ask: Ask, peer: &Peer) -> impl Future<Output = anyhow::Result<Answer>> + Send;
}

/// Answers until told to stop.
pub(crate) async fn serve<A: Answers>(
    answers: A,
    listener: UnixListener,
    shutdown: CancellationToken,
) {
    let answers = Arc::new(answers);
    let guests = Arc::new(Guests::default());
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "the control socket lets nobody in for a moment");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        // One that is gone already has nothing to ask.
        let Ok(peer) = Peer::of(&stream) else {
            continue;
        };
        let Some(place) = guests.admit(peer.uid) else {
            let _ = stream.try_write(&line(&Answer::Busy));
            continue;
        };
        let (answers, shutdown) = (answers.clone(), shutdown.clone());
        tokio::spawn(async move {
            let talk = talk(&*answers, stream, &peer);
            if let Some(Err(error)) = shutdown.run_until_cancelled(talk).await {
                tracing::debug!(%error, uid = peer.uid, "a talk over the control socket ended early");
            }
            drop(place);
        });
    }
}

async fn talk<A: Answers>(answers: &A, stream: UnixStream, peer: &Peer) -> anyhow::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut question = Vec::new();
        let mut part = (&mut stream).take(LONGEST_LINE);
        let read = part.read_until(b'\n', &mut question);
        tokio::time::timeout(QUESTION_WITHIN, read)
            .await
            .context("it asked too slowly")??;
        if question.is_empty() {
            return Ok(());
        }
        let answer = match serde_json::from_slice(&question) {
            Ok(ask) => answers.answer(ask, peer).await,
            Err(_) => Err(anyhow::anyhow!(
                "the `up` that records here does not know this question: it is of another version, restart it"
            )),
        };
        let answer = answer.unwrap_or_else(|error| Answer::Refused {
            why: crate::report::in_full(&error),
        });
        tokio::time::timeout(QUESTION_WITHIN, stream.write_all(&line(&answer)))
            .await
            .context("it took no answer")??;
        if question.last() != Some(&b'\n') {
            // The rest of what was too long would be taken for a question.
            return Ok(());
        }
    }
}

fn line(answer: &Answer) -> Vec<u8> {
    let mut text = serde_json::to_vec(answer).expect("an answer is plain text and numbers");
    text.push(b'\n');
    text
}
