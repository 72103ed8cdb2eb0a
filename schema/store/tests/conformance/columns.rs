//! Curves column by column: they say what the rows say, however the store has them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bc_schema::resolution::SECOND_NS;
use bc_schema::store::{Before, ColumnQuery, Point, Series, SeriesQuery};
use bc_schema::{
    Batch, ContainerId, Metric, MetricKind, Metrics, ProcessId, Resolution, TimeRange,
};
use rand::prelude::*;

use crate::build::{at, batch, container, held, id, life, pid, sample, start};
use crate::subject::{Fresh, Store};

/// What is asked for together: what is drawn, and what hangs together in a store's files.
const SETS: [(&[Metric], bool); 4] = [
    (&[Metric::CpuNs], false),
    (&[Metric::RssBytes, Metric::PeakRssBytes], true),
    (&[Metric::UserNs, Metric::ReadBytes], false),
    (&[], true),
];

/// Holds columns of a query against its rows: another set of them at each `turn`.
pub(crate) async fn assert_same_as_rows(
    store: &dyn Store,
    id: &ContainerId,
    query: &SeriesQuery,
    turn: usize,
    rows: &[Series],
) {
    let (metrics, max_rss) = SETS[turn % SETS.len()];
    let asked = ColumnQuery {
        series: query.clone(),
        metrics: metrics.to_vec(),
        max_rss,
    };
    let found = columns(store, id, &asked).await;
    let expected: BTreeMap<ProcessId, Told> = rows
        .iter()
        .map(|series| (series.process, told(series, &asked)))
        .collect();
    assert_eq!(found, expected, "{asked:?}");
}

/// How a process was before, and its points.
type Told = (Option<Before>, Vec<Point>);

/// What is left of rows when nothing else is asked for.
fn told(series: &Series, asked: &ColumnQuery) -> Told {
    let point = |point: &Point| {
        let mut usage = Metrics::EMPTY;
        for &metric in &asked.metrics {
            if let Some(value) = point.usage.get(metric) {
                usage.set(metric, value);
            }
        }
        Point {
            usage,
            max_rss_bytes: point.max_rss_bytes.filter(|_| asked.max_rss),
            ..*point
        }
    };
    (series.before, series.points.iter().map(point).collect())
}

/// Joins runs, and holds that each goes on where the one before ended.
async fn columns(
    store: &dyn Store,
    id: &ContainerId,
    query: &ColumnQuery,
) -> BTreeMap<ProcessId, Told> {
    let joined = Arc::new(Mutex::new(BTreeMap::<ProcessId, Told>::new()));
    let (all, metrics) = (joined.clone(), query.metrics.clone());
    let each = Box::new(move |run: bc_schema::store::Run<'_>| {
        let mut all = all.lock().unwrap();
        let is_first = !all.contains_key(&run.process);
        assert!(is_first || run.before.is_none(), "told with the first run");
        let (before, points) = all.entry(run.process).or_default();
        *before = before.or(run.before);
        points.extend(run.points(&metrics));
        assert!(points.is_sorted_by(|a, b| a.bucket_ns < b.bucket_ns));
    });
    store.columns(id, query, each).await.unwrap();
    let joined = joined.lock().unwrap();
    joined.clone()
}

/// Some minutes of processes that work, sleep, come, go, and are counted anew by another recorder. The more even they are, the more of them is
/// told in every second, and grows by the same amount each time: what stores make short.
fn minutes(random: &mut StdRng, evenness: f64) -> Vec<Batch> {
    let odd = 1.0 - evenness;
    let begun = life("c", at(0));
    let mut first = Batch {
        containers: vec![container("c", at(0))],
        ..batch()
    };
    let mut metrics: Vec<Metrics> = Vec::new();
    for number in 0..12 {
        first.starts.push(start(number, begun.clone(), at(0)));
        metrics.push(Metrics::EMPTY);
    }
    let mut said = vec![first];
    for second in 0..310 {
        let mut this = Batch {
            seen: vec![(begun.clone(), at(second))],
            ..batch()
        };
        for (number, metrics) in (0u8..).zip(&mut metrics) {
            let works = match number % 4 {
                0 => true,
                1 => second % 7 == 0,
                2 => (70..200).contains(&second),
                _ => random.random_bool(0.5 + evenness / 2.0),
            };
            // A process that ends is told of twice in its last second.
            let times = u64::from(works) + u64::from(random.random_bool(0.02 * odd));
            for time in 0..times {
                for &metric in Metric::ALL {
                    let known = !random.random_bool(0.02 * odd)
                        && (number != 5 || metric != Metric::UserNs);
                    let before = metrics.get(metric).unwrap_or(0);
                    let amount = match random.random_bool(evenness) {
                        true => u64::from(number) << 10,
                        false => random.random_range(0..1 << 30),
                    };
                    match metric.kind() {
                        _ if !known => {}
                        MetricKind::Gauge => metrics.set(metric, amount),
                        MetricKind::Peak => metrics.set(metric, before.max(amount)),
                        MetricKind::Total => metrics.set(metric, before + amount),
                    }
                }
                let at_ns = at(second) + 400_000_000 + time * 1_000;
                let mut told = sample(number, at_ns, *metrics);
                if second > 130 && number == 8 {
                    told.epoch_ns = at(130);
                }
                if second == 131 && number == 4 {
                    told.epoch_ns = at(131);
                }
                if random.random_bool(0.3 * odd) {
                    told = held(told, at_ns - SECOND_NS);
                }
                this.samples.push(told);
            }
        }
        said.push(this);
    }
    said
}

pub(crate) async fn minutes_in_columns_say_what_their_rows_say(fresh: Fresh<'_>) {
    for (seed, evenness) in (22..).zip([0.0, 0.9, 0.99, 1.0]) {
        let mut random = StdRng::seed_from_u64(seed);
        let said = minutes(&mut random, evenness);
        same_as_rows(fresh, &said).await;
    }
}

async fn same_as_rows(fresh: Fresh<'_>, said: &[Batch]) {
    let subject = fresh();
    for said in said.chunks(20) {
        subject.store.write(said).await.unwrap();
    }
    // A second that comes when its minute is packed.
    let late = sample(7, at(95) + 5, Metrics::EMPTY.with(Metric::CpuNs, 1));
    subject
        .write(Batch {
            samples: vec![late],
            ..batch()
        })
        .await;
    let cuts = [0, at(60), at(95) + 7, at(131), at(290), u64::MAX];
    let mut turns = 0..;
    for resolution in Resolution::ALL {
        for (index, &from_ns) in cuts.iter().enumerate() {
            for &to_ns in &cuts[index + 1..] {
                for ids in [None, Some(vec![pid(8), pid(3), pid(200)])] {
                    let query = SeriesQuery {
                        resolution,
                        range: TimeRange { from_ns, to_ns },
                        ids,
                    };
                    let rows = subject.series(&id("c"), &query).await.unwrap();
                    let sets = match resolution {
                        Resolution::Second => SETS.len(),
                        _ => 1,
                    };
                    for turn in turns.by_ref().take(sets) {
                        assert_same_as_rows(&*subject.store, &id("c"), &query, turn, &rows).await;
                    }
                }
            }
        }
    }
}
