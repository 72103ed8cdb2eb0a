//! What the store costs: bytes on disk and time to write, beside the layout that everybody would begin with, a row for each sample.
//! Prints JSON; `cargo xtask bench store` makes a table of it.

mod mix;

use std::path::Path;
use std::time::{Duration, Instant};

use bc_schema::Batch;
use bc_schema::store::{PruneStore, ReadStore, WriteStore};
use bc_store::SqliteStore;
use mix::{Hour, METRICS, Mix};
use rusqlite::{Connection, params_from_iter};

const SECONDS: u64 = 3_600;

fn main() {
    // Cargo's own arguments come too; the first that is no option is the directory.
    let dir = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let dir =
        tempfile::tempdir_in(dir.unwrap_or_else(|| ".".into())).expect("a directory to work in");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let mut figures = Vec::new();
    for (name, mix, processes) in [
        ("busy", Mix::Busy, 200),
        ("busy_1000", Mix::Busy, 1_000),
        ("asleep", Mix::Asleep, 1_000),
    ] {
        let file = dir.path().join(format!("{name}.db"));
        let ours = runtime.block_on(ours(&file, mix, processes));
        figures.push(ours.json(name, "ours", processes));
        let file = dir.path().join(format!("{name}-rows.db"));
        figures.push(rows(&file, mix, processes).json(name, "rows", processes));
    }
    println!("{}", serde_json::Value::Array(figures));
}

/// What writing an hour came to.
struct Written {
    bytes: u64,
    samples: u64,
    took: Duration,
    cpu: Duration,
    costliest: Duration,
    minutes: Vec<Duration>,
}

impl Written {
    fn json(mut self, mix: &str, layout: &str, processes: u64) -> serde_json::Value {
        self.minutes.sort_unstable();
        serde_json::json!({
            "mix": mix,
            "layout": layout,
            "processes": processes,
            "process_seconds": processes * SECONDS,
            "samples": self.samples,
            "bytes": self.bytes,
            "took_ns": self.took.as_nanos() as u64,
            "cpu_ns": self.cpu.as_nanos() as u64,
            "costliest_write_ns": self.costliest.as_nanos() as u64,
            "median_seal_ns": self.minutes.get(self.minutes.len() / 2).map(|took| took.as_nanos() as u64),
        })
    }
}

/// Writes second by second, each durable before the next, and times only that.
fn written(
    mix: Mix,
    processes: u64,
    mut write: impl FnMut(Batch),
) -> (u64, Duration, Duration, Duration, Vec<Duration>) {
    let mut hour = Hour::new(mix, processes);
    write(hour.begin());
    let (mut samples, mut took, mut cpu, mut costliest) =
        (0, Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut minutes = Vec::new();
    for second in 0..SECONDS {
        let batch = hour.second(second);
        samples += batch.samples.len() as u64;
        let (began, cpu_began) = (Instant::now(), cpu_now());
        write(batch);
        let this = began.elapsed();
        cpu += cpu_now().saturating_sub(cpu_began);
        took += this;
        costliest = costliest.max(this);
        if second > 0 && second.is_multiple_of(60) {
            minutes.push(this);
        }
    }
    (samples, took, cpu, costliest, minutes)
}

async fn ours(file: &Path, mix: Mix, processes: u64) -> Written {
    let store = SqliteStore::open(file).expect("a new database");
    let handle = tokio::runtime::Handle::current();
    let store = std::sync::Arc::new(store);
    let writer = store.clone();
    let (samples, took, cpu, costliest, minutes) = tokio::task::spawn_blocking(move || {
        written(mix, processes, |batch| {
            handle
                .block_on(writer.write(&[batch]))
                .expect("it is written");
        })
    })
    .await
    .expect("it wrote");
    store.compact().await.expect("it gives space back");
    let found = store.container(&Hour::id()).await.expect("an answer");
    assert_eq!(found.map(|record| record.processes), Some(processes));
    drop(store);
    Written {
        bytes: size(file),
        samples,
        took,
        cpu,
        costliest,
        minutes,
    }
}

/// The peer: a row for each sample, its eight metrics in columns, found by process and time.
fn rows(file: &Path, mix: Mix, processes: u64) -> Written {
    let mut db = Connection::open(file).expect("a new database");
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE samples (process INTEGER, at_ns INTEGER, m0, m1, m2, m3, m4, m5, m6, m7, PRIMARY KEY (process, at_ns)) WITHOUT ROWID",
    )
    .expect("a table");
    let (samples, took, cpu, costliest, minutes) = written(mix, processes, |batch| {
        let page = db.transaction().expect("a transaction");
        let mut put = page
            .prepare_cached("INSERT INTO samples VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
            .expect("a statement");
        for sample in &batch.samples {
            let mut number = [0; 8];
            number.copy_from_slice(&sample.process.0[..8]);
            let key = [i64::from_be_bytes(number), sample.at_ns.cast_signed()];
            let values =
                METRICS.map(|metric| sample.metrics.get(metric).unwrap_or(0).cast_signed());
            put.execute(params_from_iter(key.iter().chain(&values)))
                .expect("a row");
        }
        drop(put);
        page.commit().expect("it is durable");
    });
    drop(db);
    Written {
        bytes: size(file),
        samples,
        took,
        cpu,
        costliest,
        minutes,
    }
}

fn size(file: &Path) -> u64 {
    std::fs::metadata(file)
        .expect("the database is there")
        .len()
}

/// CPU of this process so far.
fn cpu_now() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let own = stat
        .split_whitespace()
        .next()
        .and_then(|ns| ns.parse().ok());
    let threads = std::fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    let all = threads.filter_map(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        stat.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(all.sum::<u64>().max(own.unwrap_or(0)))
}
