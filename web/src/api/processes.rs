//! `processes`: the table and the tree are both drawn from it.

mod select;
mod show;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use bc_schema::ProcessId;
use bc_schema::store::ProcessQuery;
use serde_json::{Value, json};

use super::permitted::Permitted;
use crate::app::App;
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::seed::pids::Pids;

/// `GET containers/{id}/processes`.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    permitted: Permitted,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    let selection = select::Selection::of(&parameters)?;
    let limit = parameters.number("limit", 1..=100_000, 1_000)? as usize;
    let offset = parameters.number("offset", 0..=1_000_000_000, 0)? as usize;
    // All of them, whatever is shown: the number of a pid's reuse and the descendants of a process depend on the others.
    let all = app
        .store
        .processes(permitted.id(), &ProcessQuery::default())
        .await?;
    let pids = Pids::of(&all);
    let chosen = selection.choose(&all);
    let shown: Vec<_> = chosen
        .iter()
        .skip(offset)
        .take(limit)
        .map(|process| show::shown(process, &pids))
        .collect();
    Ok(Json(json!({ "total": chosen.len(), "processes": shown })))
}

/// `GET containers/{id}/processes/{process}`.
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    permitted: Permitted,
    Path(path): Path<HashMap<String, String>>,
) -> Result<Json<Value>, Problem> {
    let id: ProcessId = path["process"].parse().map_err(|error| {
        Problem::BadRequest(format!("a process's id is 32 hexadecimal digits: {error}"))
    })?;
    let all = app
        .store
        .processes(permitted.id(), &ProcessQuery::default())
        .await?;
    let process = all
        .iter()
        .find(|process| process.start.process == id)
        .ok_or_else(|| {
            Problem::NotFound("no process of this id was recorded in this container".into())
        })?;
    Ok(Json(json!(show::Detailed::of(process, &Pids::of(&all)))))
}
