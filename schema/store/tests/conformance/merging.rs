//! The merge law: whatever is delivered, how often and in whatever order, ends in the same answers.

use bc_schema::store::ProcessQuery;
use bc_schema::{Batch, ContainerId};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::answers::{Answers, ask, assert_same};
use crate::build::{at, batch, cpu, id, life, one_process, sample, start};
use crate::history::{self, History};
use crate::subject::{self, Fresh};

/// Histories tried. Each is a few hundred facts, delivered about a thousand times.
const HISTORIES: u64 = 25;

/// What the reference store says of a history that came once and in order.
async fn expected(history: &History) -> Answers {
    let reference = subject::memory();
    reference.store.write(&history.batches).await.unwrap();
    ask(&*reference, &history.ids).await
}

pub(crate) async fn any_delivery_of_a_history_leaves_the_same_answers(fresh: Fresh<'_>) {
    let mut samples = 0;
    for seed in 0..HISTORIES {
        let mut random = StdRng::seed_from_u64(seed);
        let history = history::make(&mut random);
        let expected = expected(&history).await;
        let subject = fresh();
        for batches in history::deliver(&mut random, &history) {
            subject.store.write(&batches).await.unwrap();
        }
        assert_same(
            &ask(&*subject, &history.ids).await,
            &expected,
            &format!("history {seed}"),
        );
        samples += history
            .batches
            .iter()
            .map(|batch| batch.samples.len())
            .sum::<usize>();
    }
    assert!(
        samples > 100 * HISTORIES as usize,
        "the histories say something: {samples} samples"
    );
}

pub(crate) async fn two_writers_leave_what_one_would(fresh: Fresh<'_>) {
    let mut random = StdRng::seed_from_u64(99);
    let history = history::make(&mut random);
    let subject = fresh();
    let deliveries = [
        history::deliver(&mut random, &history),
        history::deliver(&mut random, &history),
    ];
    let writers = deliveries.map(|writes| {
        let subject = subject.clone();
        tokio::spawn(async move {
            for batches in writes {
                subject.store.write(&batches).await.unwrap();
            }
        })
    });
    for writer in writers {
        writer.await.unwrap();
    }
    assert_same(
        &ask(&*subject, &history.ids).await,
        &expected(&history).await,
        "two writers",
    );
}

pub(crate) async fn readers_see_batches_whole(fresh: Fresh<'_>) {
    let subject = fresh();
    subject.write(one_process()).await;
    let writer = tokio::spawn({
        let subject = subject.clone();
        async move {
            for second in 1..=40 {
                let starts = (2..=9)
                    .map(|number| start(number, life("c", at(0)), at(second)))
                    .collect();
                let samples = (1..=9)
                    .map(|number| sample(number, at(second), cpu(second)))
                    .collect();
                subject
                    .write(Batch {
                        starts,
                        samples,
                        ..batch()
                    })
                    .await;
            }
        }
    });
    while !writer.is_finished() {
        let found = subject
            .processes(&id("c"), &ProcessQuery::default())
            .await
            .unwrap();
        assert!(found.len() == 1 || found.len() == 9, "{}", found.len());
        assert!(
            found
                .iter()
                .all(|process| process.last_sample_ns == found[0].last_sample_ns),
            "{found:?}"
        );
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
    let found = subject
        .processes(&id("c"), &ProcessQuery::default())
        .await
        .unwrap();
    assert_eq!(
        found
            .iter()
            .map(|process| process.last_sample_ns)
            .collect::<Vec<_>>(),
        [Some(at(40)); 9]
    );
}

pub(crate) async fn nothing_written_is_nothing_changed(fresh: Fresh<'_>) {
    let subject = fresh();
    subject.store.write(&[]).await.unwrap();
    subject.write(batch()).await;
    let ids: [ContainerId; 0] = [];
    let empty = Answers {
        containers: (vec![], 0),
        of_each: vec![],
        losses: vec![],
        spans: vec![],
    };
    assert_same(&ask(&*subject, &ids).await, &empty, "an empty store");
}
