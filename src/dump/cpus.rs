//! CPU time by core: a line for each bucket, process and CPU that was used in it. A store tells it process by process, so it is walked
//! through in long windows.

use std::io::Write;

use bc_schema::store::{ContainerRecord, CpuSeries, CpuSeriesQuery, ReadStore};

use super::Ask;
use super::table::Table;

/// Buckets of a window: all that is kept of seconds.
const BUCKETS_AT_ONCE: u64 = 3_600;

const COLUMNS: [&str; 4] = ["bucket_ns", "process", "cpu", "cpu_ns"];

/// Writes the buckets of every process, CPU by CPU.
pub(super) async fn dump(
    store: &dyn ReadStore,
    container: &ContainerRecord,
    ask: &Ask,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let mut table = Table::begin(ask.format, &COLUMNS, out)?;
    let id = &container.latest().life.container;
    for window in ask.windows(container, BUCKETS_AT_ONCE) {
        for process in store.process_ids(id, window).await? {
            let query = CpuSeriesQuery {
                process,
                resolution: ask.resolution,
                range: window,
            };
            for CpuSeries { cpu, points } in store.cpu_series(id, &query).await? {
                for (bucket_ns, cpu_ns) in points {
                    table.row(&[
                        bucket_ns.into(),
                        process.to_string().into(),
                        cpu.into(),
                        cpu_ns.into(),
                    ])?;
                }
            }
        }
    }
    Ok(())
}
