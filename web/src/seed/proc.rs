//! `/container/<id>/proc`: every process of a container.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bc_schema::store::ProcessRecord;
use serde::Serialize;

use super::Plain;
use super::asked::Asked;
use super::pids::Pids;
use crate::app::App;

#[derive(Serialize)]
pub(crate) struct All {
    data: Vec<Row>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    id: u64,
    exe: String,
    args: String,
    name: String,
    parent: u64,
    is_root: u8,
}

pub(crate) async fn proc(State(app): State<Arc<App>>, asked: Asked) -> Result<Json<All>, Plain> {
    let Some((_, all)) = asked.processes(&app).await? else {
        return Ok(Json(All { data: Vec::new() }));
    };
    let pids = Pids::of(&all);
    Ok(Json(All {
        data: all.iter().map(|process| row(process, &pids)).collect(),
    }))
}

/// As its readers know it: `exe` is the program (the zeroth argument where its path is unknown), `args` what came after, in one text.
fn row(process: &ProcessRecord, pids: &Pids) -> Row {
    let exec = process.execs.last();
    let args = exec
        .and_then(|exec| exec.args.as_deref())
        .unwrap_or_default();
    let exe = exec.and_then(|exec| exec.exe.as_ref()).or(args.first());
    Row {
        id: pids.seed_id(process),
        exe: exe.cloned().unwrap_or_default(),
        args: args.get(1..).unwrap_or_default().join(" "),
        name: exec.map_or(&process.start.name, |exec| &exec.name).clone(),
        parent: pids.parent(process),
        is_root: u8::from(process.start.is_root),
    }
}
