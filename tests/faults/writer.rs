//! A process that writes second after second into a store, and says on standard output what is committed; it is there to be killed.
//!
//! `faults-writer DATABASE SECOND`: begins with this second. Each line is a JSON object, written at once: `pruning` before seconds are
//! removed, `second` and `samples` after they are durable.

#[allow(dead_code, reason = "the tests use the rest")]
mod records;

use std::io::Write;
use std::path::Path;

use bc_schema::resolution::SECOND_NS;
use bc_schema::store::{PruneOrder, PruneStore, WriteStore};
use bc_schema::{Batch, Metric, Resolution};
use bc_store::SqliteStore;
use serde_json::{Value, json};

/// Every so many seconds, those older than this go.
const PRUNE_EVERY_S: u64 = 40;
const KEPT_S: u64 = 200;
/// Every so many seconds, an old one is told again.
const REPEAT_EVERY_S: u64 = 25;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, database, first] = &arguments[..] else {
        return Err("faults-writer DATABASE SECOND".into());
    };
    let store = SqliteStore::open_with_reserve(Path::new(database))?;
    for second in first.parse::<u64>()?.. {
        let batch = records::batch(second);
        let told = told(second, &batch);
        let again = second
            .checked_sub(30)
            .filter(|_| second.is_multiple_of(REPEAT_EVERY_S))
            .map(records::batch);
        let batches: Vec<Batch> = again.into_iter().chain([batch]).collect();
        store.write(&batches).await?;
        say(&told)?;
        if second.is_multiple_of(PRUNE_EVERY_S) && second > KEPT_S {
            let before_s = records::BEGAN_S + second - KEPT_S;
            say(&json!({ "pruning": before_s }))?;
            let order = PruneOrder {
                life: records::life(),
                resolution: Resolution::Second,
                before_ns: before_s * SECOND_NS,
            };
            store.prune(&order).await?;
            store.compact().await?;
        }
    }
    Ok(())
}

fn told(second: u64, batch: &Batch) -> Value {
    let samples = batch.samples.iter().map(|sample| {
        json!({
            "process": sample.process,
            "second": sample.at_ns / SECOND_NS,
            "cpu_ns": sample.metrics.get(Metric::CpuNs),
            "rss_bytes": sample.metrics.get(Metric::RssBytes),
        })
    });
    json!({ "second": second, "samples": samples.collect::<Vec<_>>() })
}

/// In one piece: whoever reads it has all of it or knows that it has not.
fn say(line: &Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())?;
    out.flush()
}
