//! `processes`: the table and the tree are both drawn from it.

pub(crate) mod cpus;
mod filter;
mod select;
mod show;
pub(crate) mod table;

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use bc_schema::ProcessId;
use bc_schema::store::ProcessRecord;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{self, json};
use super::permitted::Permitted;
use super::refusal::{Id, OfAny, OfMissing, OfOther, Process};
use crate::app::App;
use crate::parameters::{Ask, Asked, Parameters};
use crate::problem::Problem;
use select::Selection;
use show::Others;

/// Processes of a container.
#[derive(Serialize, ToSchema)]
pub(crate) struct Processes<'a> {
    /// How many there are in all.
    total: usize,
    processes: Vec<show::Shown<'a>>,
    /// `after` of the next page; `null`: this is the last.
    #[schema(schema_with = answer::process_id_or_null)]
    next: Option<ProcessId>,
}

/// A page of them.
pub(crate) struct Page {
    selection: Selection,
    limit: usize,
    offset: usize,
    after: Option<ProcessId>,
}

impl Asked for Page {
    fn read(parameters: &Parameters) -> Result<Self, Problem> {
        Ok(Self {
            selection: Selection::read(parameters)?,
            limit: parameters.number("limit", "At most so many.", 1..=100_000, 1_000)? as usize,
            offset: parameters.number("offset", "Skip so many.", 0..=1_000_000_000, 0)? as usize,
            after: parameters.parsed(
                "after",
                "Those that come after this process in the order asked for: where the page before ended (`next`). In the order of `start` or `pid` \
                 no process is told twice or left out, whatever begins or ends meanwhile.",
                Some(answer::PROCESS_ID),
                "an id of 32 hexadecimal digits",
                |text| text.parse().ok(),
            )?,
        })
    }
}

/// List processes
///
/// Those of all lives, with whole-life totals. For a tree, ask for those of `parent=none`, then for the children of whom has any.
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
    let others = Others::of(&all);
    let chosen = page.selection.choose(&all);
    let begin = match page.after {
        None => 0,
        Some(after) => {
            let after = find(&all, after)?;
            let comes_after = |place: &usize| page.selection.compare(&all[*place], after).is_gt();
            chosen.partition_point(|place| !comes_after(place))
        }
    };
    let rest = &chosen[begin..];
    let rest = &rest[page.offset.min(rest.len())..];
    let shown = &rest[..page.limit.min(rest.len())];
    let last = shown.last().filter(|_| shown.len() < rest.len());
    json(&Processes {
        total: chosen.len(),
        next: last.map(|&place| all[place].start.process),
        processes: shown
            .iter()
            .map(|&place| show::shown(&all[place], &others))
            .collect(),
    })
}

fn find(all: &[ProcessRecord], id: ProcessId) -> Result<&ProcessRecord, Problem> {
    all.iter()
        .find(|process| process.start.process == id)
        .ok_or_else(unknown_process)
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
    let process = find(&all, id)?;
    json(&show::Detailed::of(process, &Others::of(&all)))
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
