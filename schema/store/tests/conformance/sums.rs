//! What the processes of a container amount to together.

use bc_schema::{Batch, Metric, Metrics, ProcessEnd, ProcessStart};

use crate::build::{at, batch, container, end, id, life, pid, sample, start};
use crate::subject::Fresh;

pub(crate) async fn sums_of_a_container_follow_its_processes(fresh: Fresh<'_>) {
    let subject = fresh();
    let metrics = |cpu_ns: u64, rss: u64| {
        Metrics::EMPTY
            .with(Metric::CpuNs, cpu_ns)
            .with(Metric::RssBytes, rss)
            .with(Metric::PeakRssBytes, rss * 10)
    };
    let starts = (1..=4)
        .map(|number| start(number, life("c", at(0)), at(0)))
        .collect();
    let samples = vec![
        sample(1, at(1), metrics(10, 100)),
        sample(2, at(1), metrics(20, 200)),
        sample(3, at(1), metrics(30, 300)),
        // The others were not seen in this minute.
        sample(1, at(200), metrics(15, 150)),
    ];
    subject
        .write(Batch {
            containers: vec![container("c", at(0))],
            starts,
            samples,
            ends: vec![end(3, at(2))],
            ..batch()
        })
        .await;
    let found = subject.container(&id("c")).await.unwrap().unwrap();
    assert_eq!(
        (
            found.processes,
            found.open_processes,
            found.failed_processes,
            found.cpu_ns,
            found.rss_bytes,
            found.peak_rss_bytes,
        ),
        (4, 3, 0, 65, Some(350), Some(3000))
    );
}

pub(crate) async fn what_failed_is_counted_whatever_was_said_first(fresh: Fresh<'_>) {
    let code = |number: u8, exit_code: u8| ProcessEnd {
        exit_code: Some(exit_code),
        ..end(number, at(5))
    };
    let signal = ProcessEnd {
        exit_code: None,
        signal: Some(15),
        ..end(3, at(5))
    };
    let out_of_memory = ProcessEnd {
        exit_code: None,
        oom_killed: true,
        ..end(4, at(5))
    };
    let unseen = |number: u8| ProcessEnd::unseen(pid(number), at(9));
    let later = |second: u64, exit_code: u8| ProcessEnd {
        at_ns: at(second),
        ..code(7, exit_code)
    };
    let ends = [
        (code(1, 0), 0),
        (code(2, 7), 1),
        (signal, 2),
        (out_of_memory, 3),
        (unseen(5), 3),
        // Deduced first, then seen; and the other way round.
        (unseen(6), 3),
        (code(6, 1), 4),
        (unseen(2), 4),
        // The later counts, whichever is told first.
        (later(6, 1), 5),
        (later(7, 0), 4),
        (later(5, 9), 4),
    ];
    let subject = fresh();
    let numbered = |number: u8| start(number, life("c", at(0)), at(0));
    subject
        .write(Batch {
            containers: vec![container("c", at(0)), container("d", at(0))],
            starts: (1..=7).map(numbered).collect(),
            ..batch()
        })
        .await;
    for (end, failed) in &ends {
        for _ in 0..2 {
            subject
                .write(Batch {
                    ends: vec![end.clone()],
                    ..batch()
                })
                .await;
            let found = subject.container(&id("c")).await.unwrap().unwrap();
            assert_eq!(found.failed_processes, *failed, "{end:?}");
        }
    }
    // One that went on in another container failed there, and nowhere else.
    let moved = ProcessStart {
        entered_ns: at(4),
        ..start(2, life("d", at(0)), at(0))
    };
    subject
        .write(Batch {
            starts: vec![moved],
            ends: vec![ProcessEnd::unseen(pid(2), at(4))],
            ..batch()
        })
        .await;
    let failed = async |container: &str| {
        let found = subject.container(&id(container)).await.unwrap().unwrap();
        found.failed_processes
    };
    assert_eq!((failed("c").await, failed("d").await), (3, 1));
}
