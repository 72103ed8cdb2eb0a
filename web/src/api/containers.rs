//! `containers`: the list, and the facts of one.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use bc_schema::store::{ContainerQuery, ContainerRecord, ContainerState};
use bc_schema::{Container, ContainerId, ContainerKind, Limits};
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::Ms;
use super::permitted::Permitted;
use crate::app::App;
use crate::parameters::Parameters;
use crate::problem::Problem;

/// A container as answers show it.
#[derive(Serialize)]
struct Shown<'a, L: Serialize> {
    id: &'a ContainerId,
    short_id: Option<&'a str>,
    name: &'a str,
    kind: ContainerKind,
    image: Option<&'a str>,
    command: Option<&'a str>,
    labels: &'a BTreeMap<String, String>,
    limits: Limits,
    cgroup: &'a str,
    uid: Option<u32>,
    host: &'a str,
    state: ContainerState,
    began_ms: Ms,
    ended_ms: Option<Ms>,
    last_record_ms: Ms,
    processes: u64,
    open_processes: u64,
    cpu_ns: u64,
    rss_bytes: Option<u64>,
    lives: L,
}

#[derive(Serialize)]
struct Life<'a> {
    host: &'a str,
    began_ms: Ms,
    ended_ms: Option<Ms>,
    image: Option<&'a str>,
    command: Option<&'a str>,
}

fn show<L: Serialize>(record: &ContainerRecord, lives: L) -> Shown<'_, L> {
    let latest = record.latest();
    Shown {
        id: &latest.life.container,
        short_id: latest.life.container.short(),
        name: &latest.name,
        kind: latest.kind,
        image: latest.image.as_deref(),
        command: latest.command.as_deref(),
        labels: &latest.labels,
        limits: latest.limits,
        cgroup: &latest.cgroup,
        uid: latest.uid,
        host: &latest.life.host,
        state: record.state(),
        began_ms: Ms(latest.life.began_ns),
        ended_ms: latest.ended_ns.map(Ms),
        last_record_ms: Ms(record.last_record_ns),
        processes: record.processes,
        open_processes: record.open_processes,
        cpu_ns: record.cpu_ns,
        rss_bytes: record.rss_bytes,
        lives,
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

/// `GET containers`: for admins all of them, for a container's token itself alone.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    let pass = app.auth.pass(&headers, None)?;
    let query = query(&parameters)?;
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
    let shown: Vec<_> = records
        .iter()
        .map(|record| show(record, record.lives.len()))
        .collect();
    Ok(Json(json!({ "total": total, "containers": shown })))
}

fn query(parameters: &Parameters) -> Result<ContainerQuery, Problem> {
    let kinds = ContainerKind::ALL.map(|kind| (kind.name(), kind));
    Ok(ContainerQuery {
        search: parameters.text("q")?.map(str::to_owned),
        state: parameters.choice(
            "state",
            &[
                ("live", ContainerState::Live),
                ("past", ContainerState::Past),
            ],
        )?,
        kind: parameters.choice("kind", &kinds)?,
        limit: parameters.number("limit", 1..=500, 50)? as usize,
        offset: parameters.number("offset", 0..=1_000_000_000, 0)? as usize,
    })
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
}

/// `GET containers/{id}`.
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Permitted(record): Permitted,
) -> Result<Json<Value>, Problem> {
    let lives: Vec<_> = record.lives.iter().map(life).collect();
    let mut shown = serde_json::to_value(show(&record, lives))
        .map_err(|error| Problem::Broken(format!("showing a container: {error}")))?;
    let retention = app.config.retention;
    shown["retention"] = json!({
        "seconds_s": retention.seconds_s, "minutes_s": retention.minutes_s, "hours_s": retention.hours_s,
    });
    Ok(Json(shown))
}
