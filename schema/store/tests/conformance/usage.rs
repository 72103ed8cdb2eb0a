//! Curves: what a bucket says.

use bc_schema::resolution::SECOND_NS;
use bc_schema::store::{ProcessQuery, Series, SeriesQuery};
use bc_schema::{Batch, Metric, ProcessStart, Resolution, Sample, TimeRange};

use crate::build::{at, batch, container, cpu, id, life, one_process, pid, sample, start};
use crate::subject::{Fresh, Subject};

pub(super) async fn series(
    subject: &Subject,
    resolution: Resolution,
    range: TimeRange,
) -> Vec<Series> {
    subject
        .series(
            &id("c"),
            &SeriesQuery {
                resolution,
                range,
                ids: None,
            },
        )
        .await
        .unwrap()
}

/// Bucket (seconds since midnight) and CPU of the only process.
pub(super) async fn curve(
    subject: &Subject,
    resolution: Resolution,
    range: TimeRange,
) -> Vec<(u64, u64)> {
    let series = series(subject, resolution, range).await;
    assert!(series.len() <= 1);
    let points = series.into_iter().flat_map(|series| series.points);
    points
        .map(|point| {
            (
                (point.bucket_ns - at(0)) / SECOND_NS,
                point.usage.get(Metric::CpuNs).unwrap(),
            )
        })
        .collect()
}

pub(crate) async fn usage_is_the_difference_of_totals(fresh: Fresh<'_>) {
    let subject = fresh();
    let samples = [
        (1, 10),
        (2, 30),
        (59, 100),
        (60, 101),
        (61, 105),
        (3599, 200),
        (3600, 260),
    ];
    let samples = samples
        .map(|(second, cpu_ns)| sample(1, at(second) + 5, cpu(cpu_ns)))
        .into();
    subject
        .write(Batch {
            samples,
            ..one_process()
        })
        .await;
    let all = TimeRange::EVER;
    let seconds = [
        (1, 10),
        (2, 20),
        (59, 70),
        (60, 1),
        (61, 4),
        (3599, 95),
        (3600, 60),
    ];
    assert_eq!(curve(&subject, Resolution::Second, all).await, seconds);
    assert_eq!(
        curve(&subject, Resolution::Minute, all).await,
        [(0, 100), (60, 5), (3540, 95), (3600, 60)]
    );
    assert_eq!(
        curve(&subject, Resolution::Hour, all).await,
        [(0, 200), (3600, 60)]
    );
    assert_eq!(curve(&subject, Resolution::Day, all).await, [(0, 260)]);
    // A range that begins later counts from the last sample before it, however far back.
    for (from, expected) in [
        (2, &seconds[1..]),
        (30, &seconds[2..]),
        (1800, &seconds[5..]),
        (3600, &seconds[6..]),
    ] {
        let range = TimeRange {
            from_ns: at(from),
            to_ns: u64::MAX,
        };
        assert_eq!(
            curve(&subject, Resolution::Second, range).await,
            expected,
            "from {from}"
        );
    }
}

pub(crate) async fn usage_counts_from_the_baseline(fresh: Fresh<'_>) {
    let subject = fresh();
    let came = ProcessStart {
        entered_ns: at(10),
        baseline: Some(cpu(1000)),
        ..start(1, life("c", at(0)), at(3))
    };
    let samples = vec![sample(1, at(12), cpu(1007)), sample(1, at(70), cpu(1100))];
    subject
        .write(Batch {
            containers: vec![container("c", at(0))],
            starts: vec![came],
            samples,
            ..batch()
        })
        .await;
    assert_eq!(
        curve(&subject, Resolution::Second, TimeRange::EVER).await,
        [(12, 7), (70, 93)]
    );
    assert_eq!(
        curve(&subject, Resolution::Minute, TimeRange::EVER).await,
        [(0, 7), (60, 93)]
    );
    let first = &series(&subject, Resolution::Second, TimeRange::EVER).await[0].points[0];
    assert_eq!(first.span_ns, 2 * SECOND_NS, "since it came in");
    let processes = subject
        .processes(&id("c"), &ProcessQuery::default())
        .await
        .unwrap();
    assert_eq!(processes[0].totals.get(Metric::CpuNs), Some(100));
}

pub(crate) async fn recorder_restarts_are_summed_over_epochs(fresh: Fresh<'_>) {
    let subject = fresh();
    let of_epoch = |epoch_ns: u64, second: u64, cpu_ns: u64| Sample {
        epoch_ns,
        held_ns: 0,
        ..sample(1, at(second), cpu(cpu_ns))
    };
    let samples = vec![
        of_epoch(at(1), 2, 10),
        of_epoch(at(1), 62, 25),
        of_epoch(at(63), 64, 4),
        of_epoch(at(63), 130, 9),
        of_epoch(at(140), 141, 100),
    ];
    subject
        .write(Batch {
            samples,
            ..one_process()
        })
        .await;
    assert_eq!(
        curve(&subject, Resolution::Second, TimeRange::EVER).await,
        [(2, 10), (62, 15), (64, 4), (130, 5), (141, 100)]
    );
    assert_eq!(
        curve(&subject, Resolution::Minute, TimeRange::EVER).await,
        [(0, 10), (60, 19), (120, 105)]
    );
    assert_eq!(
        curve(&subject, Resolution::Day, TimeRange::EVER).await,
        [(0, 134)]
    );
    let processes = subject
        .processes(&id("c"), &ProcessQuery::default())
        .await
        .unwrap();
    assert_eq!(processes[0].totals.get(Metric::CpuNs), Some(134));
    assert_eq!(
        subject.container(&id("c")).await.unwrap().unwrap().cpu_ns,
        134
    );
}

pub(crate) async fn the_open_bucket_is_answered_at_every_resolution(fresh: Fresh<'_>) {
    let subject = fresh();
    subject.write(one_process()).await;
    for second in 3590..3620 {
        subject
            .write(Batch {
                samples: vec![sample(1, at(second), cpu(second))],
                ..batch()
            })
            .await;
        for resolution in Resolution::ALL {
            let curve = curve(&subject, resolution, TimeRange::EVER).await;
            let bucket = (resolution.bucket_ns(at(second)) - at(0)) / SECOND_NS;
            assert_eq!(
                curve.last().map(|(bucket, _)| *bucket),
                Some(bucket),
                "{resolution} at {second}"
            );
            assert_eq!(
                curve.iter().map(|(_, cpu)| cpu).sum::<u64>(),
                second,
                "{resolution} at {second}"
            );
        }
        assert_eq!(
            subject.container(&id("c")).await.unwrap().unwrap().cpu_ns,
            second
        );
    }
}

pub(crate) async fn lost_samples_move_usage_and_lose_none(fresh: Fresh<'_>) {
    let subject = fresh();
    let samples = [1, 2, 3, 500, 501].map(|second| sample(1, at(second), cpu(second * 2)));
    subject
        .write(Batch {
            samples: samples.into(),
            ..one_process()
        })
        .await;
    let points = series(&subject, Resolution::Second, TimeRange::EVER)
        .await
        .remove(0)
        .points;
    let spans: Vec<_> = points
        .iter()
        .map(|point| {
            (
                point.usage.get(Metric::CpuNs).unwrap(),
                point.span_ns / SECOND_NS,
            )
        })
        .collect();
    assert_eq!(spans, [(2, 1), (2, 1), (2, 1), (994, 497), (2, 1)]);
}

pub(crate) async fn a_sample_that_comes_late_takes_its_place(fresh: Fresh<'_>) {
    let subject = fresh();
    let samples = [1, 2, 4, 100, 4000].map(|second| sample(1, at(second), cpu(second)));
    subject
        .write(Batch {
            samples: samples.into(),
            ..one_process()
        })
        .await;
    subject
        .write(Batch {
            samples: vec![sample(1, at(3), cpu(3)), sample(1, at(59), cpu(59))],
            ..batch()
        })
        .await;
    let expected = [
        (1, 1),
        (2, 1),
        (3, 1),
        (4, 1),
        (59, 55),
        (100, 41),
        (4000, 3900),
    ];
    assert_eq!(
        curve(&subject, Resolution::Second, TimeRange::EVER).await,
        expected
    );
    assert_eq!(
        curve(&subject, Resolution::Minute, TimeRange::EVER).await,
        [(0, 59), (60, 41), (3960, 3900)]
    );
    assert_eq!(
        curve(&subject, Resolution::Hour, TimeRange::EVER).await,
        [(0, 100), (3600, 3900)]
    );
}

pub(crate) async fn of_two_samples_of_one_instant_the_larger_stands(fresh: Fresh<'_>) {
    let (small, large) = (sample(1, at(1), cpu(5)), sample(1, at(1), cpu(6)));
    for order in [[&small, &large], [&large, &small]] {
        let subject = fresh();
        subject.write(one_process()).await;
        for sample in order {
            subject
                .write(Batch {
                    samples: vec![sample.clone()],
                    ..batch()
                })
                .await;
        }
        assert_eq!(
            curve(&subject, Resolution::Second, TimeRange::EVER).await,
            [(1, 6)]
        );
    }
}

pub(crate) async fn only_the_processes_and_buckets_asked_for(fresh: Fresh<'_>) {
    let subject = fresh();
    let starts = (1..=5)
        .map(|number| start(number, life("c", at(0)), at(0)))
        .collect();
    let samples = (1..=300).flat_map(|second| {
        (1..=5).map(move |number| sample(number, at(second), cpu(second * u64::from(number))))
    });
    subject
        .write(Batch {
            starts,
            samples: samples.collect(),
            ..batch()
        })
        .await;
    for resolution in [Resolution::Second, Resolution::Minute] {
        let range = TimeRange {
            from_ns: at(60),
            to_ns: at(180),
        };
        let query = SeriesQuery {
            resolution,
            range,
            ids: Some(vec![pid(4), pid(2), pid(99), pid(4)]),
        };
        let found = subject.series(&id("c"), &query).await.unwrap();
        assert_eq!(
            found
                .iter()
                .map(|series| series.process)
                .collect::<Vec<_>>(),
            [pid(2), pid(4)]
        );
        for series in found {
            let count = 120 / resolution.seconds();
            assert_eq!(
                (series.points.len() as u64, series.points[0].bucket_ns),
                (count, at(60)),
                "{resolution}"
            );
            let used = series
                .points
                .iter()
                .map(|point| point.usage.get(Metric::CpuNs).unwrap())
                .sum::<u64>();
            assert_eq!(used, 120 * u64::from(series.process.0[0]), "{resolution}");
        }
    }
    let none = SeriesQuery {
        resolution: Resolution::Second,
        range: TimeRange::EVER,
        ids: Some(vec![]),
    };
    assert_eq!(subject.series(&id("c"), &none).await.unwrap(), []);
    let empty = TimeRange {
        from_ns: at(100),
        to_ns: at(100),
    };
    assert_eq!(curve(&subject, Resolution::Second, empty).await, []);
}
