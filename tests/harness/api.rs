//! The query API as `docs/api.md` states it, in types: an answer of another shape fails here.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::http::{self, Answer, segment};
use super::wait::{self, PATIENCE};

/// Asks as somebody.
#[derive(Clone)]
pub(crate) struct Api {
    /// The server.
    pub(crate) address: SocketAddr,
    /// The caller's token.
    pub(crate) token: String,
}

/// A container or job.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Container {
    pub(crate) id: String,
    pub(crate) short_id: Option<String>,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) image: Option<String>,
    pub(crate) command: Option<String>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) limits: Limits,
    pub(crate) cgroup: String,
    pub(crate) uid: Option<u32>,
    pub(crate) state: String,
    pub(crate) began_ms: f64,
    pub(crate) ended_ms: Option<f64>,
    pub(crate) last_record_ms: f64,
    pub(crate) processes: u64,
    pub(crate) open_processes: u64,
    pub(crate) cpu_ns: u64,
}

/// What a container may use; absent: unlimited or unknown.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Limits {
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) cpu_milli: Option<u64>,
    pub(crate) pids: Option<u64>,
}

/// A process.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Process {
    pub(crate) id: String,
    pub(crate) pid: u32,
    pub(crate) seed_id: u64,
    pub(crate) container_pid: Option<u32>,
    pub(crate) parent: Option<String>,
    pub(crate) parent_pid: Option<u32>,
    pub(crate) uid: Option<u32>,
    pub(crate) is_root: bool,
    pub(crate) name: String,
    pub(crate) exe: Option<String>,
    pub(crate) args: Option<Vec<String>>,
    pub(crate) args_cut: bool,
    pub(crate) inherited: bool,
    pub(crate) start_ms: f64,
    pub(crate) entered_ms: f64,
    pub(crate) end_ms: Option<f64>,
    pub(crate) exit_code: Option<u8>,
    pub(crate) signal: Option<u8>,
    pub(crate) signal_name: Option<String>,
    pub(crate) oom_killed: bool,
    pub(crate) core_dumped: bool,
    pub(crate) end_unseen: bool,
    pub(crate) totals: BTreeMap<String, u64>,
    #[serde(default)]
    pub(crate) execs: Vec<Exec>,
}

/// One exec of a process.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Exec {
    pub(crate) at_ms: f64,
    pub(crate) name: String,
    pub(crate) exe: Option<String>,
    pub(crate) args: Option<Vec<String>>,
    pub(crate) inherited: bool,
}

/// Something that could not be recorded.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Loss {
    pub(crate) at_ms: f64,
    pub(crate) reason: String,
    pub(crate) says: String,
    pub(crate) count: u64,
    /// CPU that is known to be missing with it, ns.
    pub(crate) cpu_ns: u64,
    pub(crate) container: bool,
}

#[derive(Deserialize)]
struct Processes {
    total: u64,
    processes: Vec<Process>,
}

#[derive(Deserialize)]
struct Losses {
    losses: Vec<Loss>,
}

impl Process {
    /// A total or level that must be known.
    #[track_caller]
    pub(crate) fn total(&self, metric: &str) -> u64 {
        *self
            .totals
            .get(metric)
            .unwrap_or_else(|| panic!("{metric} of process {} is unknown: {self:?}", self.pid))
    }

    /// The arguments, as far as they are known.
    pub(crate) fn args(&self) -> Vec<&str> {
        self.args.iter().flatten().map(String::as_str).collect()
    }
}

impl Api {
    /// Asks for a path with the token.
    pub(crate) fn get(&self, path: &str) -> Answer {
        http::get(
            self.address,
            path,
            &[("Authorization", &format!("Bearer {}", self.token))],
        )
    }

    /// Asks for a path below the container's, and reads the answer.
    #[track_caller]
    fn read<T: DeserializeOwned>(&self, id: &str, below: &str) -> T {
        let path = format!("/api/v1/containers/{}{below}", segment(id));
        let answer = self.get(&path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap_or_else(|error| {
            panic!(
                "{path} is not as docs/api.md says: {error}: {}",
                answer.body
            )
        })
    }

    /// The container, when it is known yet.
    #[track_caller]
    pub(crate) fn container(&self, id: &str) -> Option<Container> {
        let answer = self.get(&format!("/api/v1/containers/{}", segment(id)));
        match answer.status {
            404 => None,
            200 => Some(
                serde_json::from_str(&answer.body)
                    .unwrap_or_else(|error| panic!("{error}: {}", answer.body)),
            ),
            status => panic!("container {id}: status {status}: {}", answer.body),
        }
    }

    /// Every container that fits a query (`q=…&state=…`).
    #[track_caller]
    pub(crate) fn containers(&self, query: &str) -> Vec<Container> {
        let answer = self.get(&format!("/api/v1/containers?limit=500&{query}"));
        assert_eq!(answer.status, 200, "containers: {}", answer.body);
        let mut answer = answer.json();
        serde_json::from_value(answer["containers"].take())
            .expect("a list of containers as docs/api.md says")
    }

    /// All processes of a container.
    #[track_caller]
    pub(crate) fn processes(&self, id: &str) -> Vec<Process> {
        let all: Processes = self.read(id, "/processes?limit=100000");
        assert_eq!(
            all.total,
            all.processes.len() as u64,
            "`total` counts what is listed"
        );
        all.processes
    }

    /// One process, with its execs.
    #[track_caller]
    pub(crate) fn process(&self, container: &str, process: &str) -> Process {
        self.read(container, &format!("/processes/{process}"))
    }

    /// How many lives a container had.
    #[track_caller]
    pub(crate) fn lives(&self, id: &str) -> usize {
        let answer = self
            .get(&format!("/api/v1/containers/{}", segment(id)))
            .json();
        let lives = answer["lives"].as_array();
        lives.unwrap_or_else(|| panic!("no lives: {answer}")).len()
    }

    /// The losses that touch a container.
    #[track_caller]
    pub(crate) fn losses(&self, id: &str) -> Vec<Loss> {
        self.read::<Losses>(id, "/losses").losses
    }

    /// Waits until a container is past and every process of it has its end.
    #[track_caller]
    pub(crate) fn past(&self, id: &str) -> Container {
        wait::until(
            &format!("the end of container {id}"),
            PATIENCE,
            || match self.container(id) {
                None => Err("it is not known".into()),
                Some(found) if found.state == "past" && found.open_processes == 0 => Ok(found),
                Some(found) => Err(format!("{found:?}")),
            },
        )
    }
}
