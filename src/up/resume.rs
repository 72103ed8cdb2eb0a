//! What the last recorder on this host left open, as the store knows it: this one takes it up, or closes it.

use bc_recorder::Resume;
use bc_schema::TimeRange;
use bc_schema::store::{ContainerQuery, ContainerState, ProcessQuery, ReadStore, StoreError};

/// How many containers are asked for at a time.
const PAGE: usize = 500;
/// Ends so long before a container's last record count as its last.
const LAST_NS: u64 = 10_000_000_000;

/// Every life of this host that has not ended, with its open processes and those that ended last.
pub(super) async fn left_open(
    store: &dyn ReadStore,
    host: &str,
) -> Result<Vec<Resume>, StoreError> {
    let mut found = Vec::new();
    let mut query = ContainerQuery {
        state: Some(ContainerState::Live),
        limit: PAGE,
        ..Default::default()
    };
    loop {
        let (page, total) = store.containers(&query).await?;
        query.offset += page.len();
        let over = page.is_empty() || query.offset as u64 >= total;
        for record in page {
            let lives = record
                .lives
                .iter()
                .filter(|life| life.life.host == host && life.ended_ns.is_none());
            for facts in lives {
                // Who has no end is in every range.
                let range = Some(TimeRange {
                    from_ns: record.last_record_ns.saturating_sub(LAST_NS),
                    to_ns: u64::MAX,
                });
                let query = ProcessQuery { range, ids: None };
                let processes = store.processes(&facts.life.container, &query).await?;
                let own = processes
                    .iter()
                    .filter(|process| process.start.life == facts.life);
                let (open, ended): (Vec<_>, Vec<_>) = own.partition(|one| one.end.is_none());
                found.push(Resume {
                    facts: facts.clone(),
                    last_record_ns: record.last_record_ns,
                    open: open
                        .iter()
                        .map(|open| {
                            (
                                open.start.process,
                                open.last_sample_ns.unwrap_or(open.start.entered_ns),
                            )
                        })
                        .collect(),
                    ended: ended.iter().map(|ended| ended.start.process).collect(),
                });
            }
        }
        if over {
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use bc_schema::store::WriteStore;
    use bc_schema::{
        Batch, BootId, Container, ContainerId, ContainerKind, LifeKey, Limits, ProcessEnd,
        ProcessId, ProcessStart,
    };
    use bc_store::MemoryStore;

    use super::*;

    fn life(container: &str, host: &str) -> LifeKey {
        LifeKey {
            container: ContainerId::new(container).unwrap(),
            host: host.into(),
            began_ns: 10,
        }
    }

    fn container(life: LifeKey, ended_ns: Option<u64>) -> Container {
        Container {
            name: life.container.to_string(),
            life,
            kind: ContainerKind::Run,
            image: None,
            command: None,
            labels: Default::default(),
            limits: Limits::default(),
            cgroup: "/c".into(),
            uid: None,
            stated_ns: 20,
            ended_ns,
        }
    }

    fn process(pid: u32) -> ProcessId {
        ProcessId::new(BootId([1; 16]), pid, 1)
    }

    fn start(pid: u32, life: LifeKey) -> ProcessStart {
        ProcessStart {
            process: process(pid),
            life,
            pid,
            container_pid: None,
            parent: None,
            parent_pid: None,
            uid: None,
            start_ns: 11,
            entered_ns: 12,
            is_root: false,
            baseline: None,
            name: "p".into(),
        }
    }

    #[tokio::test]
    async fn open_lives_of_this_host_come_with_their_open_processes() {
        let store = MemoryStore::new();
        let ended = ProcessEnd {
            process: process(2),
            at_ns: 13,
            exit_code: Some(0),
            signal: None,
            core_dumped: false,
            oom_killed: false,
            unseen: false,
        };
        let batch = Batch {
            host: "here".into(),
            until_ns: 20,
            containers: vec![
                container(life("open", "here"), None),
                container(life("over", "here"), Some(20)),
                container(life("other", "there"), None),
            ],
            starts: vec![
                start(1, life("open", "here")),
                start(2, life("open", "here")),
                start(3, life("other", "there")),
            ],
            ends: vec![ended],
            ..Batch::default()
        };
        store.write(&[batch]).await.unwrap();

        let found = left_open(&store, "here").await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].facts.life, life("open", "here"));
        assert_eq!(found[0].open, [(process(1), 12)]);
        assert_eq!(found[0].ended, [process(2)]);
    }

    #[tokio::test]
    async fn many_are_found_over_all_pages() {
        let store = MemoryStore::new();
        let containers = (0..PAGE + 3)
            .map(|n| container(life(&format!("c{n}"), "here"), None))
            .collect();
        let batch = Batch {
            host: "here".into(),
            until_ns: 20,
            containers,
            ..Batch::default()
        };
        store.write(&[batch]).await.unwrap();
        assert_eq!(left_open(&store, "here").await.unwrap().len(), PAGE + 3);
    }
}
