//! CPU time by core: the merge law, resolutions, and what pruning leaves.

use bc_schema::resolution::SECOND_NS;
use bc_schema::store::{CpuSeries, CpuSeriesQuery, PruneOrder};
use bc_schema::{Batch, CpuTotal, Resolution, TimeRange};
use rand::prelude::*;

use crate::build::{at, batch, container, cpu, id, life, one_process, pid, sample, start};
use crate::subject::{self, Fresh, Store};

fn total(number: u8, core: u32, at_ns: u64, cpu_ns: u64) -> CpuTotal {
    CpuTotal {
        process: pid(number),
        cpu: core,
        at_ns,
        epoch_ns: 0,
        cpu_ns,
    }
}

fn cpus(cpus: Vec<CpuTotal>) -> Batch {
    Batch { cpus, ..batch() }
}

async fn ask(
    store: &dyn Store,
    number: u8,
    resolution: Resolution,
    range: TimeRange,
) -> Vec<CpuSeries> {
    let query = CpuSeriesQuery {
        process: pid(number),
        resolution,
        range,
    };
    store.cpu_series(&id("c"), &query).await.unwrap()
}

/// CPU, second since midnight, ns used.
async fn used(store: &dyn Store, resolution: Resolution, range: TimeRange) -> Vec<(u32, u64, u64)> {
    let series = ask(store, 1, resolution, range).await;
    let points = series.into_iter().flat_map(|series| {
        series
            .points
            .into_iter()
            .map(move |(bucket_ns, used_ns)| (series.cpu, bucket_ns, used_ns))
    });
    points
        .map(|(cpu, bucket_ns, used_ns)| (cpu, (bucket_ns - at(0)) / SECOND_NS, used_ns))
        .collect()
}

fn from(second: u64) -> TimeRange {
    TimeRange {
        from_ns: at(second),
        to_ns: u64::MAX,
    }
}

pub(crate) async fn each_core_has_a_curve_at_every_resolution(fresh: Fresh<'_>) {
    let subject = fresh();
    subject.write(one_process()).await;
    for totals in [
        vec![total(1, 0, at(5), 50), total(1, 7, at(5), 3)],
        vec![total(1, 0, at(6), 80)],
        vec![total(1, 7, at(70), 30)],
        vec![CpuTotal {
            epoch_ns: 9,
            ..total(1, 0, at(71), 5)
        }],
        vec![total(1, 0, at(3700), 81)],
    ] {
        subject.write(cpus(totals)).await;
    }
    let store = &*subject;
    assert_eq!(
        used(store, Resolution::Second, TimeRange::EVER).await,
        [
            (0, 5, 50),
            (0, 6, 30),
            (0, 71, 5),
            (0, 3700, 1),
            (7, 5, 3),
            (7, 70, 27)
        ]
    );
    assert_eq!(
        used(store, Resolution::Second, from(6)).await,
        [(0, 6, 30), (0, 71, 5), (0, 3700, 1), (7, 70, 27)],
        "a range counts from what was before it"
    );
    assert_eq!(
        used(store, Resolution::Minute, TimeRange::EVER).await,
        [(0, 0, 80), (0, 60, 5), (0, 3660, 1), (7, 0, 3), (7, 60, 27)]
    );
    assert_eq!(
        used(store, Resolution::Hour, TimeRange::EVER).await,
        [(0, 0, 85), (0, 3600, 1), (7, 0, 30)]
    );
    assert_eq!(
        used(store, Resolution::Day, TimeRange::EVER).await,
        [(0, 0, 86), (7, 0, 30)]
    );
    assert!(
        ask(store, 2, Resolution::Day, TimeRange::EVER)
            .await
            .is_empty()
    );
}

/// Three processes on four cores for a few minutes, each total in a batch of its own.
fn history(random: &mut StdRng) -> Vec<Batch> {
    let mut batches = vec![Batch {
        containers: vec![container("c", at(0))],
        ..batch()
    }];
    for number in 1..=3 {
        batches.push(Batch {
            starts: vec![start(number, life("c", at(0)), at(0))],
            ..batch()
        });
        let mut so_far = [0; 4];
        let mut second = 0;
        while second < 4000 {
            second += random.random_range(1..90);
            let core = random.random_range(0..4);
            so_far[core] += random.random_range(1..SECOND_NS);
            let said = total(number, core as u32, at(second), so_far[core]);
            batches.push(cpus(vec![CpuTotal {
                epoch_ns: u64::from(second > 2000),
                ..said
            }]));
        }
    }
    batches
}

pub(crate) async fn any_delivery_of_totals_leaves_the_same_curves(fresh: Fresh<'_>) {
    let mut told = 0;
    for seed in 0..10 {
        let mut random = StdRng::seed_from_u64(seed);
        let mut batches = history(&mut random);
        let (subject, reference) = (fresh(), subject::memory());
        reference.store.write(&batches).await.unwrap();
        for _ in 0..2 {
            batches.shuffle(&mut random);
            for some in batches.chunks(7) {
                subject.store.write(some).await.unwrap();
            }
        }
        for number in 1..=3 {
            for resolution in Resolution::ALL {
                for range in [TimeRange::EVER, from(61), from(1999), from(3600)] {
                    let expected = ask(&*reference, number, resolution, range).await;
                    told += expected.len();
                    assert_eq!(
                        ask(&*subject, number, resolution, range).await,
                        expected,
                        "history {seed}, process {number}, {resolution:?} from {}",
                        range.from_ns
                    );
                }
            }
        }
    }
    assert!(told > 1000, "{told} curves");
}

pub(crate) async fn pruned_seconds_go_and_coarser_buckets_stay(fresh: Fresh<'_>) {
    let subject = fresh();
    subject.write(one_process()).await;
    for second in [10, 70, 130, 190] {
        subject
            .write(Batch {
                samples: vec![sample(1, at(second), cpu(second))],
                cpus: vec![total(1, 2, at(second), second * 10)],
                ..batch()
            })
            .await;
    }
    let order = PruneOrder {
        life: life("c", at(0)),
        resolution: Resolution::Second,
        before_ns: at(100),
    };
    subject.prune(&order).await.unwrap();
    let store = &*subject;
    let left = [(2, 130, 600), (2, 190, 600)];
    assert_eq!(used(store, Resolution::Second, TimeRange::EVER).await, left);
    let minutes = [(2, 0, 100), (2, 60, 600), (2, 120, 600), (2, 180, 600)];
    assert_eq!(
        used(store, Resolution::Minute, TimeRange::EVER).await,
        minutes
    );
    // What comes late for a pruned second does not bring it back.
    subject.write(cpus(vec![total(1, 2, at(10), 100)])).await;
    subject.write(cpus(vec![total(1, 2, at(250), 1950)])).await;
    assert_eq!(
        used(store, Resolution::Second, TimeRange::EVER).await,
        [(2, 130, 600), (2, 190, 600), (2, 250, 50)]
    );
    assert_eq!(
        used(store, Resolution::Day, TimeRange::EVER).await,
        [(2, 0, 1950)]
    );
}

pub(crate) async fn the_largest_totals_are_safe(fresh: Fresh<'_>) {
    let subject = fresh();
    subject.write(one_process()).await;
    subject
        .write(cpus(vec![
            CpuTotal {
                epoch_ns: u64::MAX,
                ..total(1, u32::MAX, u64::MAX, u64::MAX)
            },
            total(1, u32::MAX, u64::MAX, u64::MAX),
        ]))
        .await;
    for resolution in Resolution::ALL {
        let range = TimeRange {
            from_ns: 0,
            to_ns: u64::MAX,
        };
        let series = ask(&*subject, 1, resolution, range).await;
        assert_eq!(series.len(), 1, "{resolution:?}");
        assert_eq!(series[0].points[0].1, u64::MAX);
    }
}
