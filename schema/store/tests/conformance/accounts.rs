//! Accounts: a process that moves from one container to another is told of in both, each with its own part.

use bc_schema::store::{PruneOrder, SeriesQuery};
use bc_schema::{Batch, Metric, ProcessEnd, ProcessStart, Resolution, TimeRange};

use crate::answers::{ask, assert_same};
use crate::build::{at, batch, container, cpu, end, exec, id, life, one_process, sample, start};
use crate::subject::{self, Fresh, Subject};

/// A process that is in `a` until second 100, then in `b`.
fn moved() -> [Batch; 2] {
    let samples = |from: u64, to: u64| {
        (from..=to)
            .map(|second| sample(1, at(second), cpu(second * 10)))
            .collect()
    };
    let left = ProcessEnd {
        exit_code: None,
        unseen: true,
        ..end(1, at(100))
    };
    let came = ProcessStart {
        entered_ns: at(100),
        baseline: Some(cpu(1000)),
        ..start(1, life("b", at(90)), at(0))
    };
    [
        Batch {
            containers: vec![container("a", at(0))],
            starts: vec![start(1, life("a", at(0)), at(0))],
            execs: vec![exec(1, at(1), &["first"])],
            samples: samples(1, 100),
            ends: vec![left],
            ..batch()
        },
        Batch {
            containers: vec![container("b", at(90))],
            starts: vec![came],
            execs: vec![exec(1, at(110), &["second"])],
            samples: samples(101, 200),
            ends: vec![end(1, at(200))],
            ..batch()
        },
    ]
}

async fn assert_moved(subject: &Subject) {
    let (a, b) = (
        &subject.processes_of("a").await[0],
        &subject.processes_of("b").await[0],
    );
    assert_eq!(
        (a.totals.get(Metric::CpuNs), b.totals.get(Metric::CpuNs)),
        (Some(1000), Some(1000))
    );
    assert_eq!(
        (a.last_sample_ns, b.last_sample_ns),
        (Some(at(100)), Some(at(200)))
    );
    assert_eq!(
        (
            a.end.as_ref().map(|end| end.unseen),
            b.end.as_ref().map(|end| end.unseen)
        ),
        (Some(true), Some(false))
    );
    assert_eq!(
        (a.execs.len(), b.execs.len()),
        (1, 2),
        "what ran before it came in is part of its history"
    );
    for (container, first, minutes) in [("a", at(0), 2), ("b", at(60), 3)] {
        let query = SeriesQuery {
            resolution: Resolution::Minute,
            range: TimeRange::EVER,
            ids: None,
        };
        let points = subject
            .series(&id(container), &query)
            .await
            .unwrap()
            .remove(0)
            .points;
        assert_eq!(
            (points.len(), points[0].bucket_ns),
            (minutes, first),
            "{container}"
        );
        let cpu: u64 = points
            .iter()
            .filter_map(|point| point.usage.get(Metric::CpuNs))
            .sum();
        assert_eq!(cpu, 1000, "{container}");
    }
    let last_records = [
        subject.container(&id("a")).await,
        subject.container(&id("b")).await,
    ];
    assert_eq!(
        last_records.map(|found| found.unwrap().unwrap().last_record_ns),
        [at(100), at(200)]
    );
}

pub(crate) async fn a_process_that_moves_has_an_account_in_each_container(fresh: Fresh<'_>) {
    let subject = fresh();
    for batch in moved() {
        subject.write(batch).await;
    }
    assert_moved(&subject).await;
}

pub(crate) async fn a_start_that_comes_late_takes_its_samples_with_it(fresh: Fresh<'_>) {
    let subject = fresh();
    let [a, mut b] = moved();
    let starts = std::mem::take(&mut b.starts);
    subject.write(a.clone()).await;
    subject.write(b.clone()).await;
    assert_eq!(
        subject.processes_of("a").await[0].totals.get(Metric::CpuNs),
        Some(2000),
        "all is a's, as far as is known"
    );
    subject
        .write(Batch {
            starts: starts.clone(),
            ..batch()
        })
        .await;
    assert_moved(&subject).await;

    let subject = fresh();
    subject.write(Batch { starts, ..b }).await;
    subject.write(a).await;
    assert_moved(&subject).await;
}

pub(crate) async fn what_moves_after_its_seconds_went_takes_its_buckets_along(fresh: Fresh<'_>) {
    let (subject, reference) = (fresh(), subject::memory());
    let moved = ProcessStart {
        entered_ns: at(7000),
        baseline: Some(cpu(7000)),
        ..start(1, life("d", at(0)), at(0))
    };
    let seconds = PruneOrder {
        life: life("c", at(0)),
        resolution: Resolution::Second,
        before_ns: at(3600),
    };
    for store in [&subject, &reference] {
        let samples = (1..=7200)
            .map(|second| sample(1, at(second), cpu(second)))
            .collect();
        store
            .write(Batch {
                samples,
                ..one_process()
            })
            .await;
        store.prune(&seconds).await.unwrap();
        store
            .write(Batch {
                starts: vec![moved.clone()],
                ..batch()
            })
            .await;
    }
    let ids = [id("c"), id("d")];
    assert_same(
        &ask(&*subject, &ids).await,
        &ask(&*reference, &ids).await,
        "moved",
    );
    let counts = [("c", 117), ("d", 5)];
    for (container, minutes) in counts {
        let query = SeriesQuery {
            resolution: Resolution::Minute,
            range: TimeRange::EVER,
            ids: None,
        };
        let found = subject
            .series(&id(container), &query)
            .await
            .unwrap()
            .remove(0)
            .points;
        assert_eq!(found.len(), minutes, "{container}");
    }
}
