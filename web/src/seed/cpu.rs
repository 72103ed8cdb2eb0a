//! `/container/<id>/cpu` and `/container/<id>/cpu/<pid>`: CPU time per bucket.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use bc_schema::store::Point;
use bc_schema::{Metric, Resolution};
use serde::Serialize;

use super::Plain;
use super::asked::Asked;
use super::ranked::{Ranked, rank};
use crate::app::App;
use crate::problem::Problem;

#[derive(Debug, Serialize)]
pub(crate) struct Row {
    proc_name: u64,
    ts: u64,
    duration: u64,
}

fn row(pid: u64, ts: u64, point: &Point) -> Option<Row> {
    point.usage.get(Metric::CpuNs).map(|duration| Row {
        proc_name: pid,
        ts,
        duration,
    })
}

pub(crate) async fn top(
    State(app): State<Arc<App>>,
    asked: Asked,
) -> Result<Json<Ranked<Row>>, Plain> {
    let top = asked.top()?;
    answer(&app, &asked, None, top).await
}

pub(crate) async fn one(
    State(app): State<Arc<App>>,
    asked: Asked,
    Path(path): Path<HashMap<String, String>>,
) -> Result<Json<Ranked<Row>>, Plain> {
    let pid = path.get("pid").and_then(|pid| pid.parse().ok());
    let pid = pid.ok_or_else(|| {
        Problem::BadRequest("the pid must be a whole number, as `/proc` lists it".into())
    })?;
    answer(&app, &asked, Some(pid), 1).await
}

async fn answer(
    app: &App,
    asked: &Asked,
    pid: Option<u64>,
    top: usize,
) -> Result<Json<Ranked<Row>>, Plain> {
    let resolution = asked.interval()?.unwrap_or(Resolution::Second);
    let rows = asked
        .rows(app, resolution, pid, &[Metric::CpuNs], row)
        .await?;
    Ok(Json(rank(rows, top, |row| row.duration).into()))
}
