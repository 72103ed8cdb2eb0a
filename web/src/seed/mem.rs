//! `/container/<id>/mem`: the size of virtual memory at the end of each bucket.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bc_schema::store::Point;
use bc_schema::{Metric, Resolution};
use serde::Serialize;

use super::Plain;
use super::asked::Asked;
use super::ranked::{Ranked, rank};
use crate::app::App;

#[derive(Debug, Serialize)]
pub(crate) struct Row {
    ts: u64,
    /// kB, as the kernel counts them: 1024 bytes.
    vm_size: u64,
    proc_name: u64,
}

fn row(pid: u64, ts: u64, point: &Point) -> Option<Row> {
    point.usage.get(Metric::VmBytes).map(|bytes| Row {
        ts,
        vm_size: bytes / 1024,
        proc_name: pid,
    })
}

pub(crate) async fn mem(
    State(app): State<Arc<App>>,
    asked: Asked,
) -> Result<Json<Ranked<Row>>, Plain> {
    let (top, resolution) = (
        asked.top()?,
        asked.interval()?.unwrap_or(Resolution::Second),
    );
    let rows = asked
        .rows(&app, resolution, None, &[Metric::VmBytes], row)
        .await?;
    Ok(Json(rank(rows, top, |row| row.vm_size).into()))
}
