//! Taking the data directory, also from a `run` that records into it by itself: that stops in order, and what it recorded goes on here.

use std::time::Duration;

use anyhow::bail;
use tokio::time::Instant;

use crate::control::client::Client;
use crate::control::{Ask, address};
use crate::data_dir::{DataDir, Lock};
use crate::run::ALONE;

/// How long a `run` may take to stop recording.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often the lock is tried: a `run` that ends by itself hands nothing over.
const POLL: Duration = Duration::from_millis(50);

/// Takes the lock, or finds that it can be had; fails where it cannot.
pub(super) fn begin(data: &DataDir) -> anyhow::Result<Option<Lock>> {
    match data.lock("up")? {
        Ok(lock) => Ok(Some(lock)),
        Err(holder) if holder.is(ALONE) => Ok(None),
        Err(holder) => bail!(data.in_use_by(&holder)),
    }
}

/// Has the holder stop, unless the lock is taken already.
pub(super) async fn end(data: &DataDir, taken: Option<Lock>) -> anyhow::Result<Lock> {
    if let Some(lock) = taken {
        return Ok(lock);
    }
    let run = Client::at(&address::of(data.path()));
    let until = Instant::now() + PATIENCE;
    loop {
        let holder = match data.lock("up")? {
            Ok(lock) => return Ok(lock),
            Err(holder) => holder,
        };
        if !holder.is(ALONE) || Instant::now() > until {
            bail!(data.in_use_by(&holder));
        }
        let run = run.clone();
        let handed_over = tokio::task::spawn_blocking(move || run.ask(&Ask::HandOver)).await?;
        if let Err(error) = handed_over {
            tracing::debug!(%error, "the `run` that records here has not handed over yet");
            tokio::time::sleep(POLL).await;
        }
    }
}
