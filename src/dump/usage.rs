//! Usage: a line for each process and bucket, walked through window by window, so that memory holds one of them and no more.

use std::io::Write;
use std::sync::LazyLock;

use bc_schema::store::{ContainerRecord, Point, ReadStore, Series, SeriesQuery};
use bc_schema::{Metric, ProcessId};
use serde_json::Value;

use super::table::Table;
use super::{Ask, PROCESSES_AT_ONCE, facts};

/// Buckets of a window.
const BUCKETS_AT_ONCE: u64 = 120;

static COLUMNS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let metrics = Metric::ALL.iter().map(|metric| metric.name());
    ["bucket_ns", "process", "span_ns"]
        .into_iter()
        .chain(metrics)
        .chain(["bucket_max_rss_bytes"])
        .collect()
});

/// Writes the buckets of every process.
pub(super) async fn dump(
    store: &dyn ReadStore,
    container: &ContainerRecord,
    ask: &Ask,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let mut table = Table::begin(ask.format, &COLUMNS, out)?;
    let id = &container.latest().life.container;
    let resolution = ask.resolution;
    for window in ask.windows(container, BUCKETS_AT_ONCE) {
        let ids = store.process_ids(id, window).await?;
        for group in ids.chunks(PROCESSES_AT_ONCE) {
            let query = SeriesQuery {
                resolution,
                range: window,
                ids: Some(group.to_vec()),
            };
            for Series {
                process, points, ..
            } in store.series(id, &query).await?
            {
                for point in &points {
                    table.row(&row(process, point))?;
                }
            }
        }
    }
    Ok(())
}

fn row(process: ProcessId, point: &Point) -> Vec<Value> {
    let mut row = vec![
        point.bucket_ns.into(),
        process.to_string().into(),
        point.span_ns.into(),
    ];
    row.extend(facts::metrics(&point.usage));
    row.push(point.max_rss_bytes.into());
    row
}
