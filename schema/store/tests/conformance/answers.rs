//! Everything a store can be asked, in one value to compare.

use bc_schema::resolution::SECOND_NS;
use bc_schema::store::{
    ContainerQuery, ContainerRecord, LifeSpan, LossRecord, ProcessQuery, ProcessRecord, Series,
    SeriesQuery,
};
use bc_schema::{ContainerId, Resolution, TimeRange};

use crate::build::MIDNIGHT;
use crate::columns;
use crate::subject::Store;

/// All answers of a store.
#[derive(Debug, PartialEq)]
pub(crate) struct Answers {
    pub(crate) containers: (Vec<ContainerRecord>, u64),
    pub(crate) of_each: Vec<OfContainer>,
    pub(crate) losses: Vec<LossRecord>,
    pub(crate) spans: Vec<LifeSpan>,
}

/// All answers about one container.
#[derive(Debug, PartialEq)]
pub(crate) struct OfContainer {
    pub(crate) processes: Vec<ProcessRecord>,
    pub(crate) series: Vec<((Resolution, u64, u64), Vec<Series>)>,
    pub(crate) of_one_process: Vec<Vec<Series>>,
    pub(crate) losses: Vec<LossRecord>,
}

/// Asks everything, of these containers.
pub(crate) async fn ask(store: &dyn Store, ids: &[ContainerId]) -> Answers {
    let mut of_each = Vec::new();
    for id in ids {
        of_each.push(of_container(store, id).await);
    }
    let query = ContainerQuery {
        limit: 1000,
        ..ContainerQuery::default()
    };
    Answers {
        containers: store.containers(&query).await.unwrap(),
        of_each,
        losses: store.losses(None, TimeRange::EVER).await.unwrap(),
        spans: store.life_spans().await.unwrap(),
    }
}

async fn of_container(store: &dyn Store, id: &ContainerId) -> OfContainer {
    let processes = store.processes(id, &ProcessQuery::default()).await.unwrap();
    // Ranges that begin and end in the middle of buckets, of gaps and of accounts.
    let midnight_ns = MIDNIGHT * SECOND_NS;
    let cuts = [
        0,
        midnight_ns - 95 * SECOND_NS,
        midnight_ns - SECOND_NS / 2,
        midnight_ns + 130 * SECOND_NS,
        midnight_ns + 4000 * SECOND_NS,
    ];
    let (mut series, mut of_one_process) = (Vec::new(), Vec::new());
    for resolution in Resolution::ALL {
        for from_ns in cuts {
            for to_ns in [midnight_ns + 200 * SECOND_NS, u64::MAX] {
                let query = SeriesQuery {
                    resolution,
                    range: TimeRange { from_ns, to_ns },
                    ids: None,
                };
                let rows = store.series(id, &query).await.unwrap();
                columns::assert_same_as_rows(store, id, &query, series.len(), &rows).await;
                series.push(((resolution, from_ns, to_ns), rows));
            }
        }
        for process in processes.iter().take(3) {
            let query = SeriesQuery {
                resolution,
                range: TimeRange::EVER,
                ids: Some(vec![process.start.process]),
            };
            of_one_process.push(store.series(id, &query).await.unwrap());
        }
    }
    OfContainer {
        processes,
        series,
        of_one_process,
        losses: store.losses(Some(id), TimeRange::EVER).await.unwrap(),
    }
}

/// Fails with the first difference instead of two walls of text.
#[track_caller]
pub(crate) fn assert_same(found: &Answers, expected: &Answers, context: &str) {
    if found == expected {
        return;
    }
    let (found, expected) = (format!("{found:#?}"), format!("{expected:#?}"));
    let line = found
        .lines()
        .zip(expected.lines())
        .position(|(a, b)| a != b)
        .unwrap_or(usize::MAX);
    let around = |text: &str| {
        text.lines()
            .skip(line.saturating_sub(25))
            .take(40)
            .collect::<Vec<_>>()
            .join("\n")
    };
    panic!(
        "{context}: answers differ at line {line}\nfound:\n{}\nexpected:\n{}",
        around(&found),
        around(&expected)
    );
}
