//! What live pages hear of a commit, and what a recorder hears of a failure.

use bc_schema::store::WriteStore;
use bc_schema::{BootId, LifeKey, Loss, LossReason, ProcessEnd, ProcessExec, ProcessStart};

use super::*;

/// A store that fails as it is told.
struct Failing(fn() -> Result<(), StoreError>);

#[async_trait]
impl WriteStore for Failing {
    async fn write_shared(&self, _: Arc<[Batch]>) -> Result<(), StoreError> {
        self.0()
    }
}

fn sink(outcome: fn() -> Result<(), StoreError>) -> (StoreSink, broadcast::Receiver<Committed>) {
    let (committed, news) = broadcast::channel(8);
    (StoreSink::new(Arc::new(Failing(outcome)), committed), news)
}

fn process(pid: u32) -> ProcessId {
    ProcessId::new(BootId([1; 16]), pid, 1)
}

fn start(pid: u32, container: &str) -> ProcessStart {
    ProcessStart {
        process: process(pid),
        life: LifeKey {
            container: id(container),
            host: "h".into(),
            began_ns: 1,
        },
        pid,
        container_pid: None,
        parent: None,
        parent_pid: None,
        uid: None,
        start_ns: 1,
        entered_ns: 1,
        is_root: false,
        baseline: None,
        name: "p".into(),
    }
}

fn exec(pid: u32) -> ProcessExec {
    ProcessExec {
        process: process(pid),
        at_ns: 2,
        name: "p".into(),
        exe: None,
        args: None,
        args_cut: false,
        inherited: false,
    }
}

fn end(pid: u32) -> ProcessEnd {
    let process = process(pid);
    ProcessEnd {
        process,
        at_ns: 3,
        exit_code: Some(0),
        signal: None,
        core_dumped: false,
        oom_killed: false,
        unseen: false,
    }
}

fn id(text: &str) -> ContainerId {
    ContainerId::new(text).unwrap()
}

#[tokio::test]
async fn each_container_that_was_spoken_of_is_named_once() {
    let (sink, mut news) = sink(|| Ok(()));
    let first = Batch {
        until_ns: 5,
        starts: vec![start(1, "a"), start(2, "a"), start(3, "b")],
        ..Batch::default()
    };
    let second = Batch {
        until_ns: 7,
        execs: vec![exec(1)],
        ..Batch::default()
    };
    sink.deliver([second, first].into()).await.unwrap();
    let told = news.recv().await.unwrap();
    assert_eq!(
        told,
        Committed {
            until_ns: 7,
            containers: vec![id("a"), id("b")],
            containers_changed: false
        }
    );

    // Execs and ends name only processes: whose they are was said before.
    let batch = Batch {
        until_ns: 8,
        execs: vec![exec(2)],
        ends: vec![end(2)],
        ..Batch::default()
    };
    sink.deliver([batch].into()).await.unwrap();
    assert_eq!(news.recv().await.unwrap().containers, [id("a")]);

    // Who has ended is forgotten, or a busy machine's memory would fill with the dead.
    let batch = Batch {
        until_ns: 9,
        execs: vec![exec(2), exec(3)],
        ..Batch::default()
    };
    sink.deliver([batch].into()).await.unwrap();
    assert_eq!(news.recv().await.unwrap().containers, [id("b")]);
}

#[tokio::test]
async fn a_container_that_was_looked_at_is_news_even_if_all_of_it_sleeps() {
    let (sink, mut news) = sink(|| Ok(()));
    let seen = vec![(start(1, "a").life, 5)];
    let batch = Batch {
        seen,
        ..Batch::default()
    };
    sink.deliver([batch].into()).await.unwrap();
    assert_eq!(news.recv().await.unwrap().containers, [id("a")]);
}

#[tokio::test]
async fn a_loss_in_a_container_is_news_of_it() {
    let (sink, mut news) = sink(|| Ok(()));
    let loss = |container| Loss {
        host: "h".into(),
        recorder_ns: 1,
        container,
        second_ns: 0,
        reason: LossReason::SamplesMissed,
        count: 1,
        cpu_ns: 0,
    };
    let losses = vec![loss(None), loss(Some(id("c")))];
    sink.deliver(
        [Batch {
            losses,
            ..Batch::default()
        }]
        .into(),
    )
    .await
    .unwrap();
    assert_eq!(news.recv().await.unwrap().containers, [id("c")]);
}

#[tokio::test]
async fn failures_are_for_later_or_for_ever_and_nobody_hears_of_a_commit() {
    let (later, mut news) = sink(|| {
        Err(StoreError::Unavailable {
            doing: "writing".into(),
            source: "disk full".into(),
        })
    });
    let error = later.deliver([Batch::default()].into()).await.unwrap_err();
    assert!(
        matches!(&error, SinkError::Later(why) if why == "writing: disk full"),
        "{error}"
    );
    assert!(news.try_recv().is_err());

    let (never, _news) = sink(|| Err(StoreError::Refused("newer".into())));
    let error = never.deliver([Batch::default()].into()).await.unwrap_err();
    assert!(
        matches!(&error, SinkError::Never(why) if why == "newer"),
        "{error}"
    );
}
