//! Pruning: what goes, and what the answers still say afterwards.

use bc_schema::resolution::SECOND_NS;
use bc_schema::store::{LifeSpan, ProcessQuery, PruneOrder, SeriesQuery, StoreError};
use bc_schema::{Batch, Container, LifeKey, Metric, Resolution, Retention, TimeRange};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::answers::{ask, assert_same};
use crate::build::{at, batch, container, cpu, id, life, one_process, sample, start};
use crate::history;
use crate::subject::{self, Fresh, Subject};

fn order(life: LifeKey, resolution: Resolution, before_ns: u64) -> PruneOrder {
    PruneOrder {
        life,
        resolution,
        before_ns,
    }
}

/// What retention says of these lives.
fn plan(spans: &[LifeSpan], retention: &Retention) -> Vec<PruneOrder> {
    let orders = spans.iter().flat_map(|span| {
        Resolution::ALL.into_iter().filter_map(|resolution| {
            let before_ns = retention.keep_from_ns(resolution, span.last_record_ns)?;
            Some(order(span.life.clone(), resolution, before_ns))
        })
    });
    orders.collect()
}

async fn buckets(subject: &Subject, container: &str, resolution: Resolution) -> Vec<u64> {
    let query = SeriesQuery {
        resolution,
        range: TimeRange::EVER,
        ids: None,
    };
    let series = subject.series(&id(container), &query).await.unwrap();
    let points = series.into_iter().flat_map(|series| series.points);
    points
        .map(|point| (point.bucket_ns - at(0)) / SECOND_NS)
        .collect()
}

pub(crate) async fn keep_times_count_back_from_the_last_record(fresh: Fresh<'_>) {
    let retention = Retention {
        seconds_s: 100,
        minutes_s: 1000,
        hours_s: 10_000,
    };
    for seed in 0..8 {
        let mut random = StdRng::seed_from_u64(1000 + seed);
        let history = history::make(&mut random);
        let (subject, reference) = (fresh(), subject::memory());
        for store in [&subject, &reference] {
            store.store.write(&history.batches).await.unwrap();
        }
        let orders = plan(&subject.life_spans().await.unwrap(), &retention);
        assert!(!orders.is_empty());
        for order in orders {
            let removed = [
                subject.prune(&order).await.unwrap(),
                reference.prune(&order).await.unwrap(),
            ];
            assert_eq!(removed[0], removed[1], "history {seed}: {order:?}");
        }
        subject.compact().await.unwrap();
        assert_same(
            &ask(&*subject, &history.ids).await,
            &ask(&*reference, &history.ids).await,
            &format!("pruned history {seed}"),
        );
        // All of it comes again: what was removed stays removed.
        for batches in history::deliver(&mut random, &history) {
            subject.store.write(&batches).await.unwrap();
        }
        assert_same(
            &ask(&*subject, &history.ids).await,
            &ask(&*reference, &history.ids).await,
            &format!("replayed history {seed}"),
        );
    }
}

/// Two hours of a process that uses a nanosecond per second.
async fn two_hours(subject: &Subject) {
    let samples = (1..=7200)
        .map(|second| sample(1, at(second), cpu(second)))
        .collect();
    subject
        .write(Batch {
            samples,
            ..one_process()
        })
        .await;
}

pub(crate) async fn pruning_makes_no_spike_and_loses_no_total(fresh: Fresh<'_>) {
    let subject = fresh();
    two_hours(&subject).await;
    assert_eq!(
        subject
            .prune(&order(life("c", at(0)), Resolution::Second, at(3700)))
            .await
            .unwrap(),
        3699
    );
    let query = SeriesQuery {
        resolution: Resolution::Second,
        range: TimeRange::EVER,
        ids: None,
    };
    let points = subject
        .series(&id("c"), &query)
        .await
        .unwrap()
        .remove(0)
        .points;
    let cpu = |index: usize| points[index].usage.get(Metric::CpuNs).unwrap();
    assert_eq!(
        (points[0].bucket_ns, cpu(0), points[0].span_ns),
        (at(3700), 41, 41 * SECOND_NS),
        "since the minute before"
    );
    assert!((1..points.len()).all(|index| cpu(index) == 1));

    assert_eq!(
        subject
            .prune(&order(life("c", at(0)), Resolution::Minute, at(3660)))
            .await
            .unwrap(),
        61
    );
    let points = subject
        .series(&id("c"), &query)
        .await
        .unwrap()
        .remove(0)
        .points;
    assert_eq!(
        points[0].usage.get(Metric::CpuNs),
        Some(101),
        "since the hour before"
    );
    let processes = subject
        .processes(&id("c"), &ProcessQuery::default())
        .await
        .unwrap();
    assert_eq!(processes[0].totals.get(Metric::CpuNs), Some(7200));
    let query = SeriesQuery {
        resolution: Resolution::Hour,
        ..query
    };
    let hours = subject
        .series(&id("c"), &query)
        .await
        .unwrap()
        .remove(0)
        .points;
    assert_eq!(
        hours
            .iter()
            .map(|point| point.usage.get(Metric::CpuNs).unwrap())
            .collect::<Vec<_>>(),
        [3599, 3600, 1]
    );
}

pub(crate) async fn an_ended_container_keeps_its_last_hour(fresh: Fresh<'_>) {
    let subject = fresh();
    two_hours(&subject).await;
    let ended = Container {
        ended_ns: Some(at(7201)),
        stated_ns: at(7201),
        ..container("c", at(0))
    };
    subject
        .write(Batch {
            containers: vec![ended],
            ..batch()
        })
        .await;
    // Others go on for months; it does not matter to this one.
    let starts = vec![start(2, life("other", at(0)), at(0))];
    subject
        .write(Batch {
            starts,
            samples: vec![sample(2, at(9_000_000), cpu(1))],
            ..batch()
        })
        .await;
    for _ in 0..3 {
        for order in plan(&subject.life_spans().await.unwrap(), &Retention::default()) {
            subject.prune(&order).await.unwrap();
        }
        let kept = buckets(&subject, "c", Resolution::Second).await;
        assert_eq!((kept.len(), kept[0]), (3600, 3601));
        assert_eq!(buckets(&subject, "c", Resolution::Minute).await.len(), 121);
    }
}

pub(crate) async fn a_pruned_bucket_is_not_brought_back(fresh: Fresh<'_>) {
    let subject = fresh();
    two_hours(&subject).await;
    subject
        .prune(&order(life("c", at(0)), Resolution::Second, at(3600)))
        .await
        .unwrap();
    // One that comes late finds its second gone, but counts where rows are kept.
    let late = sample(1, at(3599) + 7, cpu(3599));
    subject
        .write(Batch {
            samples: vec![late],
            ..batch()
        })
        .await;
    assert_eq!(buckets(&subject, "c", Resolution::Second).await[0], 3600);
    let query = SeriesQuery {
        resolution: Resolution::Hour,
        range: TimeRange::EVER,
        ids: None,
    };
    let hours = subject
        .series(&id("c"), &query)
        .await
        .unwrap()
        .remove(0)
        .points;
    assert_eq!(hours[0].span_ns, 3599 * SECOND_NS + 7);
    // An order that reaches beyond the last row says nothing of rows to come.
    subject
        .prune(&order(life("c", at(0)), Resolution::Second, u64::MAX))
        .await
        .unwrap();
    assert_eq!(buckets(&subject, "c", Resolution::Second).await, [0; 0]);
    subject
        .write(Batch {
            samples: vec![sample(1, at(7201), cpu(7300))],
            ..batch()
        })
        .await;
    assert_eq!(buckets(&subject, "c", Resolution::Second).await, [7201]);
    let minutes = buckets(&subject, "c", Resolution::Minute).await;
    assert_eq!(
        (minutes.len(), minutes[120]),
        (121, 7200),
        "what was not sealed when its seconds went"
    );
}

pub(crate) async fn a_pruned_gap_stays_a_gap(fresh: Fresh<'_>) {
    let subject = fresh();
    let samples = [1, 8 * 3600].map(|second| sample(1, at(second), cpu(second)));
    subject
        .write(Batch {
            samples: samples.into(),
            ..one_process()
        })
        .await;
    let hours = order(life("c", at(0)), Resolution::Hour, at(8 * 3600));
    assert_eq!(subject.prune(&hours).await.unwrap(), 1);
    let late = sample(1, at(5 * 3600), cpu(5 * 3600));
    subject
        .write(Batch {
            samples: vec![late],
            ..batch()
        })
        .await;
    assert_eq!(buckets(&subject, "c", Resolution::Hour).await, [8 * 3600]);
}

pub(crate) async fn each_life_is_pruned_by_itself(fresh: Fresh<'_>) {
    let subject = fresh();
    let starts = vec![
        start(1, life("c", at(0)), at(0)),
        start(2, life("c", at(100)), at(100)),
    ];
    let samples = (1..50)
        .map(|second| sample(1, at(second), cpu(second)))
        .chain((101..150).map(|second| sample(2, at(second), cpu(second))));
    subject
        .write(Batch {
            starts,
            samples: samples.collect(),
            ..batch()
        })
        .await;
    assert_eq!(
        subject
            .prune(&order(life("c", at(0)), Resolution::Second, at(140)))
            .await
            .unwrap(),
        49
    );
    assert_eq!(
        buckets(&subject, "c", Resolution::Second).await,
        (101..150).collect::<Vec<_>>()
    );
    let spans = subject.life_spans().await.unwrap();
    let firsts: Vec<_> = spans
        .iter()
        .map(|span| (span.last_record_ns, span.first_bucket_ns))
        .collect();
    let (minute, second) = (Some(at(0)), Some(at(101)));
    assert_eq!(
        firsts,
        [
            (at(49), [None, minute, minute, minute]),
            (at(149), [second, Some(at(60)), minute, minute])
        ]
    );
}

pub(crate) async fn every_row_is_counted_once(fresh: Fresh<'_>) {
    let subject = fresh();
    let starts = (1..=3)
        .map(|number| start(number, life("c", at(0)), at(0)))
        .collect();
    // Several samples in one second are one row of that second.
    let times = (0..2000).map(|index| at(1) + index * (SECOND_NS / 2));
    let samples = times
        .flat_map(|at_ns| (1..=3).map(move |number| sample(number, at_ns, cpu(at_ns - at(0)))));
    subject
        .write(Batch {
            starts,
            samples: samples.collect(),
            ..batch()
        })
        .await;
    for (resolution, rows) in [
        (Resolution::Second, 3000),
        (Resolution::Minute, 51),
        (Resolution::Hour, 3),
    ] {
        assert_eq!(
            subject
                .prune(&order(life("c", at(0)), resolution, u64::MAX))
                .await
                .unwrap(),
            rows,
            "{resolution}"
        );
        assert_eq!(
            subject
                .prune(&order(life("c", at(0)), resolution, u64::MAX))
                .await
                .unwrap(),
            0,
            "{resolution}"
        );
        subject.compact().await.unwrap();
    }
    assert_eq!(subject.life_spans().await.unwrap(), []);
    assert_eq!(
        subject
            .processes(&id("c"), &ProcessQuery::default())
            .await
            .unwrap()[0]
            .totals,
        cpu(1000 * SECOND_NS + SECOND_NS / 2)
    );
}

pub(crate) async fn days_are_kept_for_ever(fresh: Fresh<'_>) {
    let subject = fresh();
    two_hours(&subject).await;
    let refused = subject
        .prune(&order(life("c", at(0)), Resolution::Day, at(0) * 2))
        .await
        .unwrap_err();
    assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
    assert_eq!(buckets(&subject, "c", Resolution::Day).await, [0]);
}

pub(crate) async fn orders_for_nothing_remove_nothing(fresh: Fresh<'_>) {
    let subject = fresh();
    two_hours(&subject).await;
    let orders = [
        order(life("nobody", at(0)), Resolution::Second, u64::MAX),
        order(life("c", at(1)), Resolution::Second, u64::MAX),
        order(life("c", at(0)), Resolution::Second, 0),
        order(life("c", at(0)), Resolution::Second, at(1)),
        order(life("c", at(0)), Resolution::Hour, at(0)),
    ];
    let before = ask(&*subject, &[id("c")]).await;
    for order in orders {
        assert_eq!(subject.prune(&order).await.unwrap(), 0, "{order:?}");
    }
    subject.compact().await.unwrap();
    assert_same(
        &ask(&*subject, &[id("c")]).await,
        &before,
        "nothing removed",
    );
}
