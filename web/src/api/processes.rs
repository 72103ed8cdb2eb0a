//! `processes`: the table and the tree are both drawn from it.

pub(crate) mod cpus;
mod select;
mod show;

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use bc_schema::ProcessId;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::json;
use super::permitted::Permitted;
use super::refusal::{Id, OfAny, OfMissing, OfOther, Process};
use crate::app::App;
use crate::parameters::{Ask, Asked, Parameters};
use crate::problem::Problem;
use crate::seed::pids::Pids;
use select::Selection;

/// Processes of a container.
#[derive(Serialize, ToSchema)]
pub(crate) struct Processes<'a> {
    /// How many there are in all.
    total: usize,
    processes: Vec<show::Shown<'a>>,
}

/// A page of them.
pub(crate) struct Page {
    selection: Selection,
    limit: usize,
    offset: usize,
}

impl Asked for Page {
    fn read(parameters: &Parameters) -> Result<Self, Problem> {
        Ok(Self {
            selection: Selection::read(parameters)?,
            limit: parameters.number("limit", "At most so many.", 1..=100_000, 1_000)? as usize,
            offset: parameters.number("offset", "Skip so many.", 0..=1_000_000_000, 0)? as usize,
        })
    }
}

/// List processes
///
/// Those of all lives, with whole-life totals.
#[utoipa::path(
    get, path = "/containers/{id}/processes", tag = "processes",
    params(Id, Ask::<Page>),
    responses((status = 200, body = Processes), OfAny, OfOther, OfMissing),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    permitted: Permitted,
    Ask(page): Ask<Page>,
) -> Result<Response, Problem> {
    // All of them, whatever is shown: the number of a pid's reuse and the descendants of a process depend on the others.
    let (all, _turn) = app.processes(permitted.id()).await?;
    let pids = Pids::of(&all);
    let chosen = page.selection.choose(&all);
    json(&Processes {
        total: chosen.len(),
        processes: chosen
            .iter()
            .skip(page.offset)
            .take(page.limit)
            .map(|process| show::shown(process, &pids))
            .collect(),
    })
}

/// One process
///
/// With all that it executed.
#[utoipa::path(
    get, path = "/containers/{id}/processes/{process}", tag = "processes",
    params(Id, Process),
    responses((status = 200, body = show::Detailed), OfAny, OfOther, OfMissing),
)]
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    permitted: Permitted,
    Path(path): Path<HashMap<String, String>>,
) -> Result<Response, Problem> {
    let id = process_of(&path)?;
    let (all, _turn) = app.processes(permitted.id()).await?;
    let process = all
        .iter()
        .find(|process| process.start.process == id)
        .ok_or_else(unknown_process)?;
    json(&show::Detailed::of(process, &Pids::of(&all)))
}

/// The `{process}` of a path.
pub(crate) fn process_of(path: &HashMap<String, String>) -> Result<ProcessId, Problem> {
    path["process"].parse().map_err(|error| {
        Problem::BadRequest(format!("a process's id is 32 hexadecimal digits: {error}"))
    })
}

pub(crate) fn unknown_process() -> Problem {
    Problem::NotFound("no process of this id was recorded in this container".into())
}
