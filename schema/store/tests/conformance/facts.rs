//! Facts: which statement counts, and what belongs to whom.

use bc_schema::store::{ContainerQuery, ProcessRecord, SeriesQuery};
use bc_schema::{
    Batch, Container, Metric, Metrics, ProcessEnd, ProcessStart, Resolution, TimeRange,
};

use crate::build::{
    at, batch, container, cpu, end, exec, id, life, one_process, pid, sample, start,
};
use crate::subject::Fresh;

pub(crate) async fn the_later_statement_of_a_life_counts(fresh: Fresh<'_>) {
    let subject = fresh();
    let early = container("c", at(0));
    let late = Container {
        stated_ns: at(9),
        name: "later".into(),
        image: Some("debian".into()),
        ended_ns: Some(at(8)),
        ..early.clone()
    };
    let last = Container {
        stated_ns: at(10),
        ended_ns: None,
        ..late.clone()
    };
    for stated in [&late, &early, &late] {
        subject
            .write(Batch {
                containers: vec![stated.clone()],
                ..batch()
            })
            .await;
    }
    let found = subject.container(&id("c")).await.unwrap().unwrap();
    assert_eq!((found.lives, found.last_record_ns), (vec![late], at(8)));
    // The end is taken back, and with it the last record.
    subject
        .write(Batch {
            containers: vec![last.clone()],
            ..batch()
        })
        .await;
    let found = subject.container(&id("c")).await.unwrap().unwrap();
    assert_eq!((found.lives, found.last_record_ns), (vec![last], at(0)));
}

pub(crate) async fn containers_are_found_by_user_and_host(fresh: Fresh<'_>) {
    let subject = fresh();
    for (name, uid) in [("a", None), ("b", Some(0)), ("c", Some(1000))] {
        let owned = Container {
            uid,
            ..container(name, at(1))
        };
        subject
            .write(Batch {
                containers: vec![owned],
                ..batch()
            })
            .await;
    }
    let host = container("a", at(1)).life.host;
    for (uid, host, found) in [
        (Some(0), None, vec!["b"]),
        (Some(1), None, vec![]),
        (Some(1000), Some(host.as_str()), vec!["c"]),
        (None, Some("elsewhere"), vec![]),
        (None, Some(host.as_str()), vec!["a", "b", "c"]),
    ] {
        let query = ContainerQuery {
            uid,
            host: host.map(str::to_owned),
            limit: 9,
            ..ContainerQuery::default()
        };
        let (records, total) = subject.containers(&query).await.unwrap();
        let ids: Vec<_> = records
            .iter()
            .map(|record| record.latest().life.container.as_str())
            .collect();
        assert_eq!((&ids, total), (&found, found.len() as u64), "{query:?}");
    }
}

pub(crate) async fn lives_of_one_container_stand_newest_first(fresh: Fresh<'_>) {
    let subject = fresh();
    let (first, second) = (container("job_7", at(0)), container("job_7", at(500)));
    let elsewhere = Container {
        life: bc_schema::LifeKey {
            host: "node0".into(),
            ..life("job_7", at(300))
        },
        ..first.clone()
    };
    let starts = vec![
        start(1, life("job_7", at(0)), at(0)),
        start(2, life("job_7", at(500)), at(501)),
    ];
    let containers = vec![first.clone(), second.clone(), elsewhere.clone()];
    subject
        .write(Batch {
            containers,
            starts,
            ends: vec![end(1, at(400))],
            ..batch()
        })
        .await;
    let (found, total) = subject
        .containers(&ContainerQuery {
            limit: 10,
            ..ContainerQuery::default()
        })
        .await
        .unwrap();
    assert_eq!((found.len(), total), (1, 1));
    assert_eq!(found[0].lives, [second, elsewhere, first]);
    assert_eq!(
        (
            found[0].processes,
            found[0].open_processes,
            found[0].last_record_ns
        ),
        (2, 1, at(501))
    );
}

pub(crate) async fn a_process_known_only_by_its_start_has_no_totals(fresh: Fresh<'_>) {
    let subject = fresh();
    subject.write(one_process()).await;
    let found = subject.processes_of("c").await;
    let expected = ProcessRecord {
        start: start(1, life("c", at(0)), at(0)),
        execs: vec![],
        end: None,
        last_sample_ns: None,
        totals: Metrics::EMPTY,
    };
    assert_eq!(found, [expected]);
    let container = subject.container(&id("c")).await.unwrap().unwrap();
    assert_eq!((container.cpu_ns, container.rss_bytes), (0, None));
}

pub(crate) async fn a_process_of_two_milliseconds_has_its_only_sample(fresh: Fresh<'_>) {
    let subject = fresh();
    let last_ns = at(0) + 2_000_000;
    let ends = vec![end(1, last_ns)];
    subject
        .write(Batch {
            samples: vec![sample(1, last_ns, cpu(1_900_000))],
            ends,
            ..one_process()
        })
        .await;
    let found = &subject.processes_of("c").await[0];
    assert_eq!(
        (found.last_sample_ns, found.totals.get(Metric::CpuNs)),
        (Some(last_ns), Some(1_900_000))
    );
    assert_eq!(found.end, Some(end(1, last_ns)));
    for resolution in Resolution::ALL {
        let query = SeriesQuery {
            resolution,
            range: TimeRange::EVER,
            ids: None,
        };
        let series = subject.series(&id("c"), &query).await.unwrap();
        let points: Vec<_> = series[0]
            .points
            .iter()
            .map(|p| (p.bucket_ns, p.usage.get(Metric::CpuNs), p.span_ns))
            .collect();
        assert_eq!(
            points,
            [(at(0), Some(1_900_000), 2_000_000)],
            "{resolution}"
        );
    }
}

pub(crate) async fn what_comes_before_its_start_is_kept_for_it(fresh: Fresh<'_>) {
    let subject = fresh();
    let samples = vec![
        sample(1, at(130), cpu(20)),
        sample(1, at(5), cpu(3)),
        sample(1, at(5) + 9, cpu(4)),
    ];
    subject.write(Batch { samples, ..batch() }).await;
    subject
        .write(Batch {
            execs: vec![exec(1, at(2), &["x", "b"]), exec(1, at(1), &["x", "a"])],
            ..batch()
        })
        .await;
    subject
        .write(Batch {
            ends: vec![end(1, at(131))],
            ..batch()
        })
        .await;
    assert_eq!(subject.processes_of("c").await, []);
    subject.write(one_process()).await;
    let found = &subject.processes_of("c").await[0];
    assert_eq!(found.totals.get(Metric::CpuNs), Some(20));
    assert_eq!(
        found.execs,
        [exec(1, at(1), &["x", "a"]), exec(1, at(2), &["x", "b"])]
    );
    assert_eq!(found.end, Some(end(1, at(131))));
    let container = subject.container(&id("c")).await.unwrap().unwrap();
    assert_eq!(
        (
            container.open_processes,
            container.cpu_ns,
            container.last_record_ns
        ),
        (0, 20, at(131))
    );
}

pub(crate) async fn an_end_that_was_seen_beats_one_that_was_deduced(fresh: Fresh<'_>) {
    let seen = ProcessEnd {
        exit_code: None,
        signal: Some(9),
        oom_killed: true,
        core_dumped: true,
        ..end(1, at(50))
    };
    let deduced = ProcessEnd {
        exit_code: None,
        unseen: true,
        ..end(1, at(60))
    };
    for order in [[&seen, &deduced], [&deduced, &seen]] {
        let subject = fresh();
        subject.write(one_process()).await;
        for end in order {
            subject
                .write(Batch {
                    ends: vec![end.clone()],
                    ..batch()
                })
                .await;
        }
        assert_eq!(subject.processes_of("c").await[0].end.as_ref(), Some(&seen));
    }
}

pub(crate) async fn a_process_found_again_keeps_its_account(fresh: Fresh<'_>) {
    let seen = start(1, life("c", at(0)), at(1));
    let found = ProcessStart {
        parent: Some(pid(7)),
        baseline: Some(cpu(140)),
        entered_ns: at(8),
        name: "later".into(),
        ..seen.clone()
    };
    for order in [[&seen, &found], [&found, &seen]] {
        let subject = fresh();
        subject
            .write(Batch {
                samples: vec![sample(1, at(4), cpu(150))],
                ..batch()
            })
            .await;
        for start in order {
            subject
                .write(Batch {
                    starts: vec![start.clone()],
                    containers: vec![container("c", at(0))],
                    ..batch()
                })
                .await;
        }
        let record = &subject.processes_of("c").await[0];
        assert_eq!(
            (&record.start, record.totals.get(Metric::CpuNs)),
            (&seen, Some(150))
        );
        assert_eq!(
            subject.container(&id("c")).await.unwrap().unwrap().cpu_ns,
            150
        );
    }
}
