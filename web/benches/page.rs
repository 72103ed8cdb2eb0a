//! How long the page of an hour takes: 200 processes, second by second, for each of its charts, as an HTTP answer over loopback and as
//! what the store alone takes. Prints JSON; `cargo xtask bench store` makes a table of it.

#[allow(dead_code, reason = "the measurement beside the store uses all of it")]
#[path = "../../schema/store/benches/store/mix.rs"]
mod mix;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bc_schema::store::{ColumnQuery, ReadStore, Run, SeriesQuery, WriteStore};
use bc_schema::{Metric, ProcessId, Resolution, TimeRange};
use bc_store::SqliteStore;
use bc_web::token::{Subject, mint};
use bc_web::{Config, Health, Recorder, Secret};
use mix::{Hour, Mix};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

const PROCESSES: u64 = 200;
const SECONDS: u64 = 3_600;
/// How often each is asked: of three hundred, two are worse than what is called p99. All seconds of all processes, which no page reads, less often.
const TIMES: usize = 300;
const TIMES_ALL: usize = 60;
const SECRET: &str = "k2J8-vQ0x_Zr5LmN7tWd";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let dir = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let dir = tempfile::tempdir_in(dir.unwrap_or_else(|| ".".into())).expect("a directory");
    let store = SqliteStore::open(&dir.path().join("page.db")).expect("a new database");
    let mut hour = Hour::new(Mix::Busy, PROCESSES);
    let mut said = vec![hour.begin()];
    for second in 0..SECONDS {
        said.push(hour.second(second));
        if second % 60 == 59 {
            store.write(&said).await.expect("it is written");
            said.clear();
        }
    }
    let store: Arc<dyn ReadStore> = Arc::new(store);
    let mut figures = vec![
        timed("store, every second of all", TIMES_ALL, || async {
            assert!(series(&*store, Resolution::Second, None).await.len() == PROCESSES as usize);
        })
        .await,
    ];
    let top = ranked(&*store).await;
    figures.push(
        timed("store, the ten with the most CPU", TIMES, || async {
            assert_eq!(ranked(&*store).await, top);
        })
        .await,
    );
    figures.push(
        timed("store, every second of ten", TIMES, || async {
            let found = series(&*store, Resolution::Second, Some(top.clone())).await;
            assert!(found.len() == 10);
        })
        .await,
    );
    let address = serve(store.clone()).await;
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let token = mint(SECRET, Subject::Admin, Duration::from_secs(3_600));
    for metric in ["cpu", "memory", "block_io"] {
        let path = format!(
            "http://{address}/api/v1/containers/{}/usage?metric={metric}&resolution=s&points=600",
            Hour::id()
        );
        let answer = || async {
            let request = client.get(&path).bearer_auth(&token);
            let answer = request.send().await.expect("an answer");
            assert!(answer.status().is_success(), "{}", answer.status());
            assert!(answer.bytes().await.expect("all of it").len() > 10_000);
        };
        figures.push(timed(&format!("page, {metric}"), TIMES, answer).await);
    }
    println!("{}", serde_json::Value::Array(figures));
}

async fn series(
    store: &dyn ReadStore,
    resolution: Resolution,
    ids: Option<Vec<ProcessId>>,
) -> Vec<bc_schema::store::Series> {
    let query = SeriesQuery {
        resolution,
        range: TimeRange::EVER,
        ids,
    };
    store.series(&Hour::id(), &query).await.expect("curves")
}

/// The ten processes with the most CPU in the hour, by rows of minutes.
async fn ranked(store: &dyn ReadStore) -> Vec<ProcessId> {
    let query = ColumnQuery {
        series: SeriesQuery {
            resolution: Resolution::Minute,
            range: TimeRange::EVER,
            ids: None,
        },
        metrics: vec![Metric::CpuNs],
        max_rss: false,
    };
    let sums = Arc::new(Mutex::new(HashMap::<ProcessId, u64>::new()));
    let all = sums.clone();
    let each = Box::new(move |run: Run<'_>| {
        let used: u64 = run.usage(0).iter().flatten().sum();
        *all.lock()
            .expect("nobody fails")
            .entry(run.process)
            .or_default() += used;
    });
    store
        .columns(&Hour::id(), &query, each)
        .await
        .expect("curves");
    let sums = std::mem::take(&mut *sums.lock().expect("nobody fails"));
    let mut all: Vec<(u64, ProcessId)> = sums.into_iter().map(|(id, sum)| (sum, id)).collect();
    all.sort_unstable();
    all.into_iter().rev().take(10).map(|(_, id)| id).collect()
}

/// No recorder.
struct Nobody;

impl Recorder for Nobody {
    fn health(&self) -> Health {
        Health::default()
    }

    fn looked_at(&self) {}
}

async fn serve(store: Arc<dyn ReadStore>) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let config = Config {
        listen: address,
        secret: Secret::new(SECRET),
        ..Config::default()
    };
    let (committed, _) = broadcast::channel(1);
    tokio::spawn(bc_web::run(
        config,
        listener,
        store,
        committed,
        Arc::new(Nobody),
        CancellationToken::new(),
    ));
    address
}

async fn timed<F: Future<Output = ()>>(
    what: &str,
    times: usize,
    mut ask: impl FnMut() -> F,
) -> serde_json::Value {
    ask().await;
    let mut took = Vec::with_capacity(times);
    for _ in 0..times {
        let began = Instant::now();
        ask().await;
        took.push(began.elapsed());
    }
    took.sort_unstable();
    let ns = |index: usize| took[index].as_nanos() as u64;
    serde_json::json!({
        "what": what,
        "median_ns": ns(times / 2),
        "p99_ns": ns(times * 99 / 100),
        "worst_ns": ns(times - 1),
    })
}
