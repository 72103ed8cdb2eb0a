//! Seconds without a sample: what held through them, who was there, and since when what the next sample tells was used.

use bc_schema::resolution::SECOND_NS;
use bc_schema::store::{Before, ContainerQuery, PruneOrder};
use bc_schema::{Batch, Metric, Metrics, Resolution, TimeRange};

use super::usage::series;
use crate::build::{
    at, batch, container, cpu, end, held, id, life, one_process, pid, sample, start,
};
use crate::subject::Fresh;

/// CPU and span (in seconds) of each bucket of the only process.
async fn spans(subject: &crate::subject::Subject, resolution: Resolution) -> Vec<(u64, u64)> {
    let series = series(subject, resolution, TimeRange::EVER).await.remove(0);
    let points = series.points.iter();
    points
        .map(|point| {
            let cpu_ns = point.usage.get(Metric::CpuNs).unwrap();
            (cpu_ns, point.span_ns / SECOND_NS)
        })
        .collect()
}

pub(crate) async fn what_held_is_not_spread(fresh: Fresh<'_>) {
    let subject = fresh();
    // It sleeps from second 2 to 37 and from 97 to 3590. Before second 40, and before 3600, nobody looked.
    let samples = vec![
        sample(1, at(1), cpu(10)),
        sample(1, at(2), cpu(20)),
        held(sample(1, at(37), cpu(25)), at(36)),
        sample(1, at(40), cpu(31)),
        held(sample(1, at(97), cpu(31)), at(96)),
        held(sample(1, at(3590), cpu(40)), at(3589)),
        sample(1, at(3600), cpu(50)),
    ];
    let told = Batch {
        samples: samples.clone(),
        ..one_process()
    };
    subject.write(told).await;
    let seconds = [(10, 1), (10, 1), (5, 1), (6, 3), (0, 1), (9, 1), (10, 10)];
    assert_eq!(spans(&subject, Resolution::Second).await, seconds);
    // A minute's first sample says since when: of the minutes from 0 on, of 1, of 59, and of the next hour.
    let minutes = [(31, 40), (0, 1), (9, 1), (10, 10)];
    assert_eq!(spans(&subject, Resolution::Minute).await, minutes);
    assert_eq!(
        spans(&subject, Resolution::Hour).await,
        [(40, 3590), (10, 10)]
    );
    // In whatever order they come, and however often.
    let again = fresh();
    again.write(one_process()).await;
    for sample in samples.iter().rev().chain(&samples) {
        let one = Batch {
            samples: vec![sample.clone()],
            ..batch()
        };
        again.write(one).await;
    }
    assert_eq!(spans(&again, Resolution::Second).await, seconds);
    assert_eq!(spans(&again, Resolution::Minute).await, minutes);
}

pub(crate) async fn of_one_instant_what_held_longer_stands(fresh: Fresh<'_>) {
    let said = [
        sample(1, at(50), cpu(5)),
        held(sample(1, at(50), cpu(5)), at(49)),
    ];
    for order in [[0, 1], [1, 0]] {
        let subject = fresh();
        subject.write(one_process()).await;
        for index in order {
            let one = Batch {
                samples: vec![said[index].clone()],
                ..batch()
            };
            subject.write(one).await;
        }
        assert_eq!(spans(&subject, Resolution::Second).await, [(5, 1)]);
        assert_eq!(spans(&subject, Resolution::Day).await, [(5, 1)]);
    }
}

pub(crate) async fn a_life_that_was_seen_goes_on(fresh: Fresh<'_>) {
    let subject = fresh();
    let seen = |second: u64| Batch {
        seen: vec![(life("c", at(0)), at(second))],
        ..batch()
    };
    // Seen before anything else was said of it.
    subject.write(seen(5)).await;
    let told = Batch {
        starts: (1..=3)
            .map(|number| start(number, life("c", at(0)), at(number.into())))
            .collect(),
        samples: (1..=2)
            .map(|number| sample(number, at(10), cpu(7)))
            .collect(),
        ends: vec![end(2, at(11))],
        ..one_process()
    };
    subject.write(told).await;
    for (second, last) in [(70, 70), (90, 90), (80, 90), (90, 90)] {
        subject.write(seen(second)).await;
        let record = subject.container(&id("c")).await.unwrap().unwrap();
        assert_eq!(record.last_record_ns, at(last));
        assert_eq!(
            subject.life_spans().await.unwrap()[0].last_record_ns,
            at(last)
        );
        let processes = subject.processes_of("c").await;
        let last_samples: Vec<_> = processes.iter().map(|one| one.last_sample_ns).collect();
        // The first sleeps; the second has ended; of the third nothing is known.
        assert_eq!(last_samples, [Some(at(last)), Some(at(10)), None]);
    }
    // A later record than the last look stands by itself.
    let woke = Batch {
        samples: vec![sample(1, at(95), cpu(8))],
        ..batch()
    };
    subject.write(woke).await;
    assert_eq!(
        subject.processes_of("c").await[0].last_sample_ns,
        Some(at(95))
    );
    let all = ContainerQuery {
        limit: 9,
        ..ContainerQuery::default()
    };
    let (records, _) = subject.containers(&all).await.unwrap();
    assert_eq!(records[0].last_record_ns, at(95));
}

pub(crate) async fn an_end_taken_back_leaves_what_was_seen(fresh: Fresh<'_>) {
    let subject = fresh();
    subject.write(one_process()).await;
    let mut stated = container("c", at(0));
    stated.ended_ns = Some(at(500));
    stated.stated_ns = at(1);
    let seen = Batch {
        containers: vec![stated.clone()],
        seen: vec![(life("c", at(0)), at(400))],
        ..batch()
    };
    subject.write(seen).await;
    stated.ended_ns = None;
    stated.stated_ns = at(2);
    let back = Batch {
        containers: vec![stated],
        ..batch()
    };
    subject.write(back).await;
    let record = subject.container(&id("c")).await.unwrap().unwrap();
    assert_eq!(record.last_record_ns, at(400));
}

fn level(rss_bytes: u64) -> Metrics {
    cpu(rss_bytes).with(Metric::RssBytes, rss_bytes)
}

pub(crate) async fn a_range_of_seconds_knows_who_was_there_before(fresh: Fresh<'_>) {
    let subject = fresh();
    let starts = (1..=4)
        .map(|number| start(number, life("c", at(0)), at(0)))
        .collect();
    // One sample a minute, each process in another second of it; the fourth was last heard of two minutes before the range.
    let mut samples = vec![sample(4, at(59), level(4))];
    for minute in 0..5 {
        samples.push(sample(1, at(minute * 60 + 10), level(100 + minute)));
        samples.push(sample(2, at(minute * 60 + 40), level(200 + minute)));
        samples.push(sample(3, at(minute * 60 + 59), level(300 + minute)));
    }
    let told = Batch {
        starts,
        samples,
        ..one_process()
    };
    subject.write(told).await;
    let before = |second: u64, rss_bytes: u64| {
        Some(Before {
            at_ns: at(second),
            metrics: level(rss_bytes),
        })
    };
    let expected = [
        (1, before(130, 102), 0),
        (2, before(100, 201), 1),
        (3, before(119, 301), 0),
    ];
    let check = async |context: &str| {
        let range = TimeRange {
            from_ns: at(140),
            to_ns: at(170),
        };
        let found = series(&subject, Resolution::Second, range).await;
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.process, one.before, one.points.len()))
            .collect();
        let expected = expected.map(|(number, before, points)| (pid(number), before, points));
        assert_eq!(found, expected, "{context}");
    };
    check("all rows").await;
    // Seconds that are gone are told of by their minutes.
    let order = PruneOrder {
        life: life("c", at(0)),
        resolution: Resolution::Second,
        before_ns: at(120),
    };
    subject.prune(&order).await.unwrap();
    check("rows of seconds are gone").await;
    let minutes = series(&subject, Resolution::Minute, TimeRange::EVER).await;
    assert!(minutes.iter().all(|one| one.before.is_none()));
}
