//! The loop: plan, prune, give the space back, wait. It owns no state: what a round did not get done, the next one plans again.

use std::sync::Arc;
use std::time::Duration;

use bc_schema::Retention;
use bc_schema::store::{PruneStore, StoreError};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use crate::plan;

/// How long after the start the first round comes: late enough not to be in the way of what starts up beside it.
const FIRST_ROUND: Duration = Duration::from_secs(5);

/// The bounds of [`Config::every`]: never a loop without a pause, never a sleep that time cannot hold.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(86_400);

/// Settings of the cleaner, with their defaults.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// What is kept for how long.
    pub retention: Retention,
    /// From the beginning of one round to that of the next.
    pub every: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            retention: Retention::default(),
            every: Duration::from_secs(600),
        }
    }
}

/// Cleans until `shutdown`. A round that fails is logged, and the next one makes up for it.
pub async fn run(config: Config, store: Arc<dyn PruneStore>, shutdown: CancellationToken) {
    let every = config.every.clamp(SHORTEST, LONGEST);
    let mut ticks = interval_at(Instant::now() + FIRST_ROUND.min(every), every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let rounds = async {
        loop {
            ticks.tick().await;
            if let Err(error) = round(&config.retention, &*store).await {
                tracing::warn!(%error, retry_s = every.as_secs(), "cleaning was cut short");
            }
        }
    };
    // A round can be left at any of its waits: what was removed is removed, the rest is planned again.
    tokio::select! {
        biased;
        () = shutdown.cancelled() => {}
        () = rounds => {}
    }
}

async fn round(retention: &Retention, store: &dyn PruneStore) -> Result<(), StoreError> {
    let spans = store.life_spans().await?;
    let orders = plan(&spans, retention);
    let (mut rows, mut failed) = (0, None);
    for order in &orders {
        match store.prune(order).await {
            Ok(removed) => rows += removed,
            Err(error) => {
                let container = &order.life.container;
                tracing::warn!(%error, %container, resolution = %order.resolution, "rows were not removed");
                failed = Some(error);
            }
        }
    }
    tracing::debug!(lives = spans.len(), orders = orders.len(), rows, "cleaned");
    if rows > 0 {
        store.compact().await?;
    }
    failed.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use bc_schema::resolution::SECOND_NS;
    use bc_schema::store::{LifeSpan, PruneOrder};
    use bc_schema::{ContainerId, LifeKey, Resolution};
    use tokio::sync::mpsc;

    use super::*;

    /// Two lives with old seconds; tells what it was asked, and fails once where it is told to.
    struct Scripted {
        asked: mpsc::UnboundedSender<String>,
        fail_once: Mutex<Option<&'static str>>,
    }

    impl Scripted {
        fn tell(&self, what: &str) -> Result<(), StoreError> {
            self.asked.send(what.to_owned()).unwrap();
            let mut fail_once = self.fail_once.lock().unwrap();
            if fail_once.is_some_and(|wanted| wanted == what) {
                *fail_once = None;
                return Err(StoreError::Refused("told to fail".into()));
            }
            Ok(())
        }
    }

    #[async_trait]
    impl PruneStore for Scripted {
        async fn life_spans(&self) -> Result<Vec<LifeSpan>, StoreError> {
            self.tell("spans")?;
            let span = |id: &str| LifeSpan {
                life: LifeKey {
                    container: ContainerId::new(id).unwrap(),
                    host: "node1".into(),
                    began_ns: 0,
                },
                last_record_ns: 7200 * SECOND_NS,
                first_bucket_ns: [Some(0), None, None, None],
            };
            Ok(vec![span("a"), span("b")])
        }

        async fn prune(&self, order: &PruneOrder) -> Result<u64, StoreError> {
            assert_eq!(
                (order.resolution, order.before_ns),
                (Resolution::Second, 3600 * SECOND_NS)
            );
            self.tell(order.life.container.as_str()).map(|()| 10)
        }

        async fn compact(&self) -> Result<(), StoreError> {
            self.tell("compact")
        }
    }

    async fn first_asked(fail_once: Option<&'static str>, count: usize) -> Vec<String> {
        let (asked, mut heard) = mpsc::unbounded_channel();
        let store = Arc::new(Scripted {
            asked,
            fail_once: Mutex::new(fail_once),
        });
        let shutdown = CancellationToken::new();
        let cleaner = tokio::spawn(run(Config::default(), store, shutdown.clone()));
        let mut first = Vec::new();
        while first.len() < count {
            first.push(heard.recv().await.unwrap());
        }
        shutdown.cancel();
        cleaner.await.unwrap();
        first
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_round_comes_soon_and_the_next_after_ten_minutes() {
        let began = Instant::now();
        assert_eq!(first_asked(None, 4).await, ["spans", "a", "b", "compact"]);
        assert_eq!(began.elapsed().as_secs(), 5);
        let began = Instant::now();
        assert_eq!(first_asked(None, 5).await[4], "spans");
        assert_eq!(began.elapsed().as_secs(), 605);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_stops_neither_the_round_nor_the_rounds() {
        let again = ["spans", "a", "b", "compact", "spans", "a", "b", "compact"];
        assert_eq!(first_asked(Some("a"), 8).await, again);
        let again = ["spans", "spans", "a", "b", "compact"];
        assert_eq!(first_asked(Some("spans"), 5).await, again);
    }

    #[tokio::test(start_paused = true)]
    async fn it_stops_at_once_between_rounds_and_between_orders() {
        let began = Instant::now();
        assert_eq!(first_asked(None, 0).await, [""; 0]);
        assert_eq!(began.elapsed().as_secs(), 0);
        assert_eq!(first_asked(None, 2).await, ["spans", "a"]);
    }
}
