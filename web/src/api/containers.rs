//! `containers`: the list, and the facts of one.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bc_schema::store::{ContainerQuery, ContainerRecord, ContainerState};
use bc_schema::{Container, ContainerId, ContainerKind};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{self, Ms, STATES, json};
use super::permitted::{Caller, Permitted};
use super::refusal::{Id, OfAny, OfMissing, OfOther};
use crate::app::App;
use crate::parameters::{Ask, Asked, Parameters};
use crate::problem::Problem;

/// A container or job.
#[derive(Serialize, ToSchema)]
struct Facts<'a> {
    #[schema(schema_with = answer::container_id)]
    id: &'a ContainerId,
    /// The first 12 characters of a 64-digit id.
    short_id: Option<&'a str>,
    /// The name people gave it; the id where there is none.
    name: &'a str,
    /// What manages it.
    #[schema(schema_with = answer::kind)]
    kind: ContainerKind,
    image: Option<&'a str>,
    /// The command line of a `run`, masked.
    command: Option<&'a str>,
    /// Labels, masked.
    labels: &'a BTreeMap<String, String>,
    limits: Bounds,
    cgroup: &'a str,
    /// The user it belongs to, where the runtime says so.
    uid: Option<u32>,
    /// The host of its latest life.
    host: &'a str,
    #[schema(schema_with = answer::state)]
    state: ContainerState,
    /// When its latest life began.
    began_ms: Ms,
    /// When its latest life ended.
    ended_ms: Option<Ms>,
    /// The last record of any life.
    last_record_ms: Ms,
    /// Processes recorded, over all lives.
    processes: u64,
    /// Of these, not known to have ended.
    open_processes: u64,
    /// Of these, ended by a signal, the OOM killer or with an exit code other than 0.
    failed_processes: u64,
    /// CPU of all its processes in all lives, ns.
    cpu_ns: u64,
    /// Resident memory of the living processes together, bytes.
    rss_bytes: Option<u64>,
    /// The most that one process held by itself since its last exec, in any life, bytes. The highest of all processes together is told by
    /// `usage` of `memory`, in `total.max`.
    peak_rss_bytes: Option<u64>,
}

/// What its runtime allows it; `null`: unlimited or unknown.
#[derive(Serialize, ToSchema)]
#[schema(as = Limits)]
struct Bounds {
    memory_bytes: Option<u64>,
    /// Thousandths of a CPU.
    cpu_milli: Option<u64>,
    /// Processes and threads.
    pids: Option<u64>,
}

/// A container in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = Container)]
pub(crate) struct Listed<'a> {
    #[serde(flatten)]
    facts: Facts<'a>,
    /// How many lives it had.
    lives: usize,
}

/// Containers, latest record first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Containers<'a> {
    /// How many there are in all.
    total: u64,
    containers: Vec<Listed<'a>>,
}

/// A container with its lives and keep-times.
#[derive(Serialize, ToSchema)]
#[schema(as = ContainerInFull)]
pub(crate) struct InFull<'a> {
    #[serde(flatten)]
    facts: Facts<'a>,
    /// Newest first.
    lives: Vec<Life<'a>>,
    retention: KeepTimes,
}

/// From a container's first process to its last. The same id started again is another life.
#[derive(Serialize, ToSchema)]
struct Life<'a> {
    host: &'a str,
    began_ms: Ms,
    ended_ms: Option<Ms>,
    image: Option<&'a str>,
    command: Option<&'a str>,
}

/// How long each resolution is kept, counted back from a life's last record. Days and whole-life totals stay.
#[derive(Serialize, ToSchema)]
#[schema(as = Retention)]
struct KeepTimes {
    seconds_s: u64,
    minutes_s: u64,
    hours_s: u64,
}

fn facts(record: &ContainerRecord) -> Facts<'_> {
    let latest = record.latest();
    Facts {
        id: &latest.life.container,
        short_id: latest.life.container.short(),
        name: &latest.name,
        kind: latest.kind,
        image: latest.image.as_deref(),
        command: latest.command.as_deref(),
        labels: &latest.labels,
        limits: Bounds {
            memory_bytes: latest.limits.memory_bytes,
            cpu_milli: latest.limits.cpu_milli,
            pids: latest.limits.pids,
        },
        cgroup: &latest.cgroup,
        uid: latest.uid,
        host: &latest.life.host,
        state: record.state(),
        began_ms: Ms(latest.life.began_ns),
        ended_ms: latest.ended_ns.map(Ms),
        last_record_ms: Ms(record.last_record_ns),
        processes: record.processes,
        open_processes: record.open_processes,
        failed_processes: record.failed_processes,
        cpu_ns: record.cpu_ns,
        rss_bytes: record.rss_bytes,
        peak_rss_bytes: record.peak_rss_bytes,
    }
}

fn life(container: &Container) -> Life<'_> {
    Life {
        host: &container.life.host,
        began_ms: Ms(container.life.began_ns),
        ended_ms: container.ended_ns.map(Ms),
        image: container.image.as_deref(),
        command: container.command.as_deref(),
    }
}

/// List containers
///
/// Live and past, latest record first. An admin's token lists all; a container's token itself alone.
#[utoipa::path(
    get, path = "/containers", tag = "containers",
    params(Ask::<ContainerQuery>),
    responses((status = 200, body = Containers), OfAny),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Caller(pass): Caller,
    Ask(query): Ask<ContainerQuery>,
) -> Result<Response, Problem> {
    app.recorder.looked_at();
    let (records, total) = match pass.container() {
        None => app.store.containers(&query).await?,
        Some(own) => {
            let own: Vec<_> = app
                .container(own)
                .await?
                .into_iter()
                .filter(|record| fits(record, &query))
                .collect();
            let total = own.len();
            (own.into_iter().skip(query.offset).collect(), total as u64)
        }
    };
    let listed = |record| Listed {
        facts: facts(record),
        lives: record.lives.len(),
    };
    json(&Containers {
        total,
        containers: records.iter().map(listed).collect(),
    })
}

impl Asked for ContainerQuery {
    fn read(parameters: &Parameters) -> Result<Self, Problem> {
        let kinds = ContainerKind::ALL.map(|kind| (kind.name(), kind));
        Ok(Self {
            search: parameters
                .text(
                    "q",
                    "Its id, name, image or command contains this, letter case aside.",
                )?
                .map(str::to_owned),
            state: parameters.choice("state", "Its latest life goes on, or has ended.", &STATES)?,
            kind: parameters.choice("kind", "What manages it.", &kinds)?,
            uid: parameters
                .whole(
                    "uid",
                    "Its latest life belongs to this user.",
                    0..=u64::from(u32::MAX),
                )?
                .map(|uid| uid as u32),
            host: parameters
                .text("host", "Its latest life is, or was, on this host.")?
                .map(str::to_owned),
            limit: parameters.number("limit", "At most so many.", 1..=500, 50)? as usize,
            offset: parameters.number("offset", "Skip so many.", 0..=1_000_000_000, 0)? as usize,
        })
    }
}

/// What a store does with a query, for the one container that its own token lists.
fn fits(record: &ContainerRecord, query: &ContainerQuery) -> bool {
    let latest = record.latest();
    let texts = [
        Some(latest.life.container.as_str()),
        Some(&latest.name),
        latest.image.as_deref(),
        latest.command.as_deref(),
    ];
    let found = |search: &String| {
        let search = search.to_lowercase();
        texts
            .iter()
            .flatten()
            .any(|text| text.to_lowercase().contains(&search))
    };
    query.search.as_ref().is_none_or(found)
        && query.state.is_none_or(|state| state == record.state())
        && query.kind.is_none_or(|kind| kind == latest.kind)
        && query.uid.is_none_or(|uid| latest.uid == Some(uid))
        && query
            .host
            .as_ref()
            .is_none_or(|host| latest.life.host == *host)
}

/// One container
///
/// Its facts, its lives and how long what is recorded of it is kept.
#[utoipa::path(
    get, path = "/containers/{id}", tag = "containers",
    params(Id),
    responses((status = 200, body = InFull), OfAny, OfOther, OfMissing),
)]
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Permitted(record): Permitted,
) -> Result<Response, Problem> {
    let retention = app.config.retention;
    json(&InFull {
        facts: facts(&record),
        lives: record.lives.iter().map(life).collect(),
        retention: KeepTimes {
            seconds_s: retention.seconds_s,
            minutes_s: retention.minutes_s,
            hours_s: retention.hours_s,
        },
    })
}
