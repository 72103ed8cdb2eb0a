//! Losses: kept by host, recorder, container, second and reason.

use bc_schema::{Batch, Container, Loss, LossReason, TimeRange};

use crate::build::{at, batch, container, id};
use crate::subject::{Fresh, Subject};

fn loss(host: &str, container: Option<&str>, second: u64, count: u64) -> Loss {
    Loss {
        host: host.into(),
        recorder_ns: at(0),
        container: container.map(id),
        second_ns: at(second),
        reason: LossReason::SamplesMissed,
        count,
        cpu_ns: count * 10,
    }
}

async fn found(
    subject: &Subject,
    container: Option<&str>,
    range: TimeRange,
) -> Vec<(String, u64, u64)> {
    let id = container.map(id);
    let losses = subject.losses(id.as_ref(), range).await.unwrap();
    losses
        .into_iter()
        .map(|loss| {
            (
                loss.host,
                (loss.second_ns - at(0)) / 1_000_000_000,
                loss.count,
            )
        })
        .collect()
}

pub(crate) async fn restated_losses_count_once(fresh: Fresh<'_>) {
    let subject = fresh();
    let (first, more) = (loss("node1", None, 5, 3), loss("node1", None, 5, 7));
    for loss in [&first, &more, &first, &more] {
        subject
            .write(Batch {
                losses: vec![loss.clone()],
                ..batch()
            })
            .await;
    }
    assert_eq!(
        subject.losses(None, TimeRange::EVER).await.unwrap(),
        std::slice::from_ref(&more)
    );
    // Another recorder, reason, second or container is another loss.
    let others = vec![
        Loss {
            recorder_ns: at(9),
            ..first.clone()
        },
        Loss {
            reason: LossReason::RingFull,
            ..first.clone()
        },
        Loss {
            container: Some(id("c")),
            ..first.clone()
        },
        Loss {
            host: "node2".into(),
            ..first.clone()
        },
        Loss {
            second_ns: at(6),
            ..first.clone()
        },
    ];
    subject
        .write(Batch {
            losses: others.clone(),
            ..batch()
        })
        .await;
    let mut all: Vec<_> = others.into_iter().chain([more]).collect();
    all.sort_by_key(|loss| {
        (
            loss.second_ns,
            loss.reason,
            loss.recorder_ns,
            loss.host.clone(),
            loss.container.clone(),
        )
    });
    assert_eq!(subject.losses(None, TimeRange::EVER).await.unwrap(), all);
}

pub(crate) async fn losses_touch_their_container_and_their_hosts_lives(fresh: Fresh<'_>) {
    let subject = fresh();
    let ended = Container {
        ended_ns: Some(at(20) + 5),
        ..container("c", at(10) + 5)
    };
    let losses = vec![
        loss("node1", None, 9, 1),
        loss("node1", None, 10, 2),
        loss("node1", None, 20, 3),
        loss("node1", None, 21, 4),
        loss("node2", None, 15, 5),
        loss("node2", Some("c"), 15, 6),
        loss("node1", Some("other"), 15, 7),
        loss("node1", Some("c"), 30, 8),
    ];
    subject
        .write(Batch {
            containers: vec![ended],
            losses,
            ..batch()
        })
        .await;
    let mine = [
        ("node1".to_owned(), 10, 2),
        ("node2".into(), 15, 6),
        ("node1".into(), 20, 3),
        ("node1".into(), 30, 8),
    ];
    assert_eq!(found(&subject, Some("c"), TimeRange::EVER).await, mine);
    assert_eq!(
        found(
            &subject,
            Some("c"),
            TimeRange {
                from_ns: at(15),
                to_ns: at(30)
            }
        )
        .await,
        mine[1..3]
    );
    assert_eq!(
        found(&subject, Some("other"), TimeRange::EVER).await,
        [("node1".to_owned(), 15, 7)],
        "known only by its loss"
    );
    assert_eq!(found(&subject, None, TimeRange::EVER).await.len(), 8);
    assert_eq!(found(&subject, Some("nobody"), TimeRange::EVER).await, []);
}
