//! The cleaner at work on a real file.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bc_schema::resolution::SECOND_NS;
use bc_schema::store::{
    LifeSpan, ProcessQuery, PruneOrder, PruneStore, ReadStore, SeriesQuery, StoreError, WriteStore,
};
use bc_schema::{
    Batch, Closes, ContainerId, LifeKey, Metric, Metrics, ProcessId, ProcessStart, Resolution,
    Retention, Sample, TimeRange,
};
use bc_store::SqliteStore;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const MIDNIGHT_S: u64 = 1_700_006_400;

/// Tells when a round that removed something is over.
struct Watched {
    store: SqliteStore,
    compacted: mpsc::UnboundedSender<()>,
}

#[async_trait]
impl PruneStore for Watched {
    async fn life_spans(&self) -> Result<Vec<LifeSpan>, StoreError> {
        self.store.life_spans().await
    }

    async fn prune(&self, order: &PruneOrder) -> Result<u64, StoreError> {
        self.store.prune(order).await
    }

    async fn compact(&self) -> Result<(), StoreError> {
        self.store.compact().await?;
        self.compacted
            .send(())
            .map_err(|error| StoreError::Refused(error.to_string()))
    }
}

fn life(id: &str) -> LifeKey {
    LifeKey {
        container: ContainerId::new(id).unwrap(),
        host: "node1".into(),
        began_ns: MIDNIGHT_S * SECOND_NS,
    }
}

/// A container with one process that uses a millisecond of CPU in each of so many seconds.
fn recorded(id: &str, number: u8, seconds: u64) -> Batch {
    let process = ProcessId([number; 16]);
    let start_ns = MIDNIGHT_S * SECOND_NS;
    let start = ProcessStart {
        process,
        life: life(id),
        pid: 7,
        container_pid: None,
        parent: None,
        parent_pid: None,
        uid: None,
        start_ns,
        entered_ns: start_ns,
        is_root: true,
        baseline: None,
        name: "p".into(),
    };
    let sample = |second: u64| Sample {
        process,
        at_ns: start_ns + second * SECOND_NS,
        epoch_ns: 0,
        held_ns: 0,
        metrics: Metrics::EMPTY.with(Metric::CpuNs, second * 1_000_000),
        max_rss_bytes: [None; 3],
        closes: Closes::NONE,
    };
    let samples = (1..=seconds).map(sample).collect();
    Batch {
        host: "node1".into(),
        starts: vec![start],
        samples,
        ..Batch::default()
    }
}

#[tokio::test]
async fn a_file_is_cleaned_life_by_life_and_keeps_its_totals() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bubble-chamber.db");
    let store = SqliteStore::open(&file).unwrap();
    // One that ended long ago, as others see it, and one that went on.
    store
        .write(&[recorded("ended", 1, 4_000), recorded("live", 2, 9_000)])
        .await
        .unwrap();

    let (compacted, mut rounds) = mpsc::unbounded_channel();
    let watched = Arc::new(Watched { store, compacted });
    let shutdown = CancellationToken::new();
    let config = bc_clean::Config {
        retention: Retention::default(),
        every: Duration::from_millis(1),
    };
    let cleaner = tokio::spawn(bc_clean::run(config, watched.clone(), shutdown.clone()));
    rounds.recv().await.unwrap();
    shutdown.cancel();
    cleaner.await.unwrap();

    for (id, seconds) in [("ended", 4_000), ("live", 9_000)] {
        let id = ContainerId::new(id).unwrap();
        let query = SeriesQuery {
            resolution: Resolution::Second,
            range: TimeRange::EVER,
            ids: None,
        };
        let kept = watched
            .store
            .series(&id, &query)
            .await
            .unwrap()
            .remove(0)
            .points;
        assert_eq!(kept.len(), 3_601, "{id}");
        assert_eq!(
            kept[0].bucket_ns,
            (MIDNIGHT_S + seconds - 3_600) * SECOND_NS,
            "{id}"
        );
        // The minute before tells what the first second that is left counts from: at most a minute is joined to it.
        let first_ms = kept[0].usage.get(Metric::CpuNs).unwrap() / 1_000_000;
        assert!((1..=60).contains(&first_ms), "{id}: {first_ms}");
        assert!(
            kept[1..]
                .iter()
                .all(|point| point.usage.get(Metric::CpuNs) == Some(1_000_000)),
            "{id}"
        );

        let query = SeriesQuery {
            resolution: Resolution::Minute,
            ..query
        };
        let minutes = watched
            .store
            .series(&id, &query)
            .await
            .unwrap()
            .remove(0)
            .points;
        assert_eq!(minutes.len() as u64, seconds / 60 + 1, "{id}");
        let processes = watched
            .store
            .processes(&id, &ProcessQuery::default())
            .await
            .unwrap();
        assert_eq!(
            processes[0].totals.get(Metric::CpuNs),
            Some(seconds * 1_000_000),
            "{id}"
        );
    }
    let spans = watched.store.life_spans().await.unwrap();
    assert_eq!(
        bc_clean::plan(&spans, &Retention::default()),
        [],
        "nothing is left to do"
    );
}
