//! Finding containers and processes.

use bc_schema::store::{ContainerQuery, ContainerState, ProcessQuery, SeriesQuery};
use bc_schema::{Batch, Container, ContainerKind, Resolution, TimeRange};

use crate::build::{at, batch, container, cpu, end, id, life, pid, sample, start};
use crate::subject::{Fresh, Subject};

async fn listed(subject: &Subject, query: ContainerQuery) -> (Vec<String>, u64) {
    let (found, total) = subject.containers(&query).await.unwrap();
    (
        found
            .iter()
            .map(|record| record.latest().life.container.to_string())
            .collect(),
        total,
    )
}

fn all() -> ContainerQuery {
    ContainerQuery {
        limit: 100,
        ..ContainerQuery::default()
    }
}

pub(crate) async fn containers_stand_by_their_last_record(fresh: Fresh<'_>) {
    let subject = fresh();
    for (name, began) in [("a", 3), ("b", 1), ("c", 2), ("d", 3)] {
        subject
            .write(Batch {
                containers: vec![container(name, at(began))],
                ..batch()
            })
            .await;
    }
    assert_eq!(
        listed(&subject, all()).await,
        (["a", "d", "c", "b"].map(String::from).into(), 4)
    );
    let starts = vec![start(1, life("b", at(1)), at(1))];
    subject
        .write(Batch {
            starts,
            samples: vec![sample(1, at(50), cpu(1))],
            ..batch()
        })
        .await;
    let page = ContainerQuery {
        limit: 2,
        offset: 1,
        ..all()
    };
    assert_eq!(
        listed(&subject, page).await,
        (["a", "d"].map(String::from).into(), 4)
    );
    assert_eq!(
        listed(&subject, ContainerQuery { limit: 0, ..all() }).await,
        (vec![], 4)
    );
    assert_eq!(
        listed(&subject, ContainerQuery { offset: 9, ..all() }).await,
        (vec![], 4)
    );
    // A container is listed once something was said about it, not when only a process of it is known.
    subject
        .write(Batch {
            starts: vec![start(2, life("e", at(9)), at(9))],
            ..batch()
        })
        .await;
    assert_eq!(listed(&subject, all()).await.1, 4);
    assert!(subject.container(&id("e")).await.unwrap().is_none());

    let ended = Container {
        ended_ns: Some(at(60)),
        stated_ns: at(60),
        kind: ContainerKind::Slurm,
        ..container("a", at(3))
    };
    subject
        .write(Batch {
            containers: vec![ended],
            ..batch()
        })
        .await;
    let past = ContainerQuery {
        state: Some(ContainerState::Past),
        ..all()
    };
    assert_eq!(listed(&subject, past.clone()).await, (vec!["a".into()], 1));
    assert_eq!(
        listed(
            &subject,
            ContainerQuery {
                kind: Some(ContainerKind::Docker),
                ..past
            }
        )
        .await,
        (vec![], 0)
    );
    let live = ContainerQuery {
        state: Some(ContainerState::Live),
        ..all()
    };
    assert_eq!(
        listed(&subject, live).await,
        (["b", "d", "c"].map(String::from).into(), 3)
    );
}

pub(crate) async fn search_takes_every_character_as_it_is(fresh: Fresh<'_>) {
    let subject = fresh();
    let containers = vec![
        Container {
            name: "100% Größe".into(),
            ..container("a", at(4))
        },
        Container {
            name: "1000 x".into(),
            image: Some("Debian:12".into()),
            ..container("b_1", at(3))
        },
        Container {
            name: "it's \"'; DROP TABLE lives".into(),
            command: Some("./pipeline.sh --fast".into()),
            ..container("bx1", at(2))
        },
        Container {
            name: "nul\0l\\".into(),
            ..container("[d]*?", at(1))
        },
    ];
    subject
        .write(Batch {
            containers,
            ..batch()
        })
        .await;
    let cases: [(&str, &[&str]); 13] = [
        ("0%", &["a"]),
        ("%", &["a"]),
        ("GRÖSSE", &[]),
        ("größe", &["a"]),
        ("GRÖß", &["a"]),
        ("b_1", &["b_1"]),
        ("_", &["b_1"]),
        ("debian", &["b_1"]),
        ("'; drop", &["bx1"]),
        ("PIPELINE", &["bx1"]),
        ("[d]", &["[d]*?"]),
        ("nul\0L\\", &["[d]*?"]),
        ("", &["a", "b_1", "bx1", "[d]*?"]),
    ];
    for (search, expected) in cases {
        let query = ContainerQuery {
            search: Some(search.into()),
            ..all()
        };
        assert_eq!(listed(&subject, query).await.0, expected, "{search:?}");
    }
}

pub(crate) async fn short_ids_name_64_digit_ids_alone(fresh: Fresh<'_>) {
    let subject = fresh();
    let long = format!("0123456789ab{}", "c".repeat(52));
    let namesake = format!("0123456789ab{}", "d".repeat(52));
    let not_hex = format!("zzzz56789abc{}", "-".repeat(52));
    let containers = vec![
        container(&long, at(1)),
        container(&not_hex, at(1)),
        container("job_123456789", at(1)),
    ];
    let starts = vec![start(1, life(&long, at(1)), at(1))];
    subject
        .write(Batch {
            containers,
            starts,
            samples: vec![sample(1, at(2), cpu(1))],
            ..batch()
        })
        .await;
    let short = id("0123456789ab");
    assert_eq!(
        subject
            .container(&short)
            .await
            .unwrap()
            .unwrap()
            .latest()
            .life
            .container,
        id(&long)
    );
    assert_eq!(
        subject
            .processes(&short, &ProcessQuery::default())
            .await
            .unwrap()
            .len(),
        1
    );
    let query = SeriesQuery {
        resolution: Resolution::Second,
        range: TimeRange::EVER,
        ids: None,
    };
    assert_eq!(subject.series(&short, &query).await.unwrap().len(), 1);
    for nobody in [
        "0123456789a",
        "0123456789abc",
        "zzzz56789abc",
        "job_12345678",
    ] {
        assert!(
            subject.container(&id(nobody)).await.unwrap().is_none(),
            "{nobody}"
        );
    }
    // Who comes later with the same first characters takes nothing over; who has the very id does.
    subject
        .write(Batch {
            containers: vec![container(&namesake, at(500))],
            ..batch()
        })
        .await;
    assert_eq!(
        subject
            .container(&short)
            .await
            .unwrap()
            .unwrap()
            .latest()
            .life
            .container,
        id(&long)
    );
    subject
        .write(Batch {
            containers: vec![container("0123456789ab", at(600))],
            ..batch()
        })
        .await;
    assert_eq!(
        subject
            .container(&short)
            .await
            .unwrap()
            .unwrap()
            .latest()
            .life
            .container,
        short
    );
}

pub(crate) async fn unknown_containers_are_empty_answers(fresh: Fresh<'_>) {
    let subject = fresh();
    for nobody in ["nobody", "0123456789ab", "%", "' OR 1=1 --"] {
        let nobody = id(nobody);
        assert_eq!(subject.container(&nobody).await.unwrap(), None);
        assert_eq!(
            subject
                .processes(&nobody, &ProcessQuery::default())
                .await
                .unwrap(),
            []
        );
        let query = SeriesQuery {
            resolution: Resolution::Day,
            range: TimeRange::EVER,
            ids: Some(vec![pid(1)]),
        };
        assert_eq!(subject.series(&nobody, &query).await.unwrap(), []);
        assert_eq!(
            subject
                .losses(Some(&nobody), TimeRange::EVER)
                .await
                .unwrap(),
            []
        );
    }
}

pub(crate) async fn processes_are_found_by_time_and_id(fresh: Fresh<'_>) {
    let subject = fresh();
    let starts = vec![
        start(3, life("c", at(0)), at(10)),
        start(2, life("c", at(0)), at(10)),
        start(1, life("c", at(0)), at(20)),
        start(9, life("x", at(0)), at(10)),
    ];
    subject
        .write(Batch {
            starts,
            ends: vec![end(2, at(15)), end(3, at(30))],
            ..batch()
        })
        .await;
    let numbers = async |query: ProcessQuery| {
        let found = subject.processes(&id("c"), &query).await.unwrap();
        found
            .iter()
            .map(|process| process.start.process.0[0])
            .collect::<Vec<_>>()
    };
    let within = |from: u64, to: u64| ProcessQuery {
        range: Some(TimeRange {
            from_ns: at(from),
            to_ns: at(to),
        }),
        ids: None,
    };
    assert_eq!(
        numbers(ProcessQuery::default()).await,
        [2, 3, 1],
        "by start, then pid"
    );
    for (from, to, expected) in [
        (0, 10, &[][..]),
        (0, 11, &[2, 3]),
        (15, 16, &[2, 3]),
        (16, 20, &[3]),
        (16, 21, &[3, 1]),
        (31, 99, &[1]),
    ] {
        assert_eq!(numbers(within(from, to)).await, expected, "{from}..{to}");
    }
    let ids = Some(vec![pid(1), pid(2), pid(9), pid(77), pid(1)]);
    assert_eq!(
        numbers(ProcessQuery {
            ids: ids.clone(),
            range: None
        })
        .await,
        [2, 1]
    );
    assert_eq!(
        numbers(ProcessQuery {
            ids,
            ..within(16, 99)
        })
        .await,
        [1]
    );
    assert_eq!(
        numbers(ProcessQuery {
            ids: Some(vec![]),
            range: None
        })
        .await,
        [0; 0]
    );
}
