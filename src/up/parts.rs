//! The parts that run beside the recorder: each by its name, so that a failure says whose it is.

use std::future::Future;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::task::{JoinError, JoinSet};

/// How long they may take to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(6);

/// Parts at work.
#[derive(Default)]
pub(super) struct Parts(JoinSet<(&'static str, anyhow::Result<()>)>);

impl Parts {
    /// Starts one.
    pub(super) fn start(
        &mut self,
        name: &'static str,
        part: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        self.0.spawn(async move { (name, part.await) });
    }

    /// Comes back when one ends that was not told to, with the reason.
    pub(super) async fn failed(&mut self) -> anyhow::Error {
        match self.0.join_next().await {
            Some(ended) => ended_well(ended)
                .err()
                .unwrap_or_else(|| anyhow!("a part of `up` ended by itself")),
            None => std::future::pending().await,
        }
    }

    /// Waits until all have stopped, having been told to; the first failure is the answer.
    pub(super) async fn stopped(mut self) -> anyhow::Result<()> {
        let all = async {
            let mut outcome = Ok(());
            while let Some(ended) = self.0.join_next().await {
                outcome = outcome.and(ended_well(ended));
            }
            outcome
        };
        tokio::time::timeout(STOP_PATIENCE, all)
            .await
            .unwrap_or_else(|_| {
                let waited = STOP_PATIENCE.as_secs();
                Err(anyhow!(
                    "not every part stopped within {waited} s; what was recorded is stored"
                ))
            })
    }
}

fn ended_well(ended: Result<(&'static str, anyhow::Result<()>), JoinError>) -> anyhow::Result<()> {
    let (name, outcome) = ended.context("a part of `up` broke down")?;
    outcome.with_context(|| format!("{name} failed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failure_says_whose_it_is() {
        let mut parts = Parts::default();
        parts.start("the page", async { std::future::pending().await });
        parts.start("the cleaning", async { Err(anyhow!("the broom broke")) });
        assert_eq!(
            format!("{:#}", parts.failed().await),
            "the cleaning failed: the broom broke"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_does_not_stop_is_not_waited_for_for_ever() {
        let mut parts = Parts::default();
        parts.start("the page", async { std::future::pending().await });
        assert!(
            parts
                .stopped()
                .await
                .unwrap_err()
                .to_string()
                .contains("within 6 s")
        );

        let mut parts = Parts::default();
        parts.start("the page", async { Ok(()) });
        parts.start("the cleaning", async { Ok(()) });
        assert!(parts.stopped().await.is_ok());
    }
}
