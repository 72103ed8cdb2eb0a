//! `/container/<id>/io`: bytes in and out, for whole lives or per bucket.
//!
//! Until single files are recorded, a process's block I/O stands under one name, `/*`: readers tell files by the leading slash, and no
//! file is called that.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bc_schema::store::{Point, ProcessRecord};
use bc_schema::{Metric, Metrics};
use serde::Serialize;

use super::Plain;
use super::asked::Asked;
use super::pids::Pids;
use super::ranked::{Ranked, rank};
use crate::app::App;

/// All files together.
const ALL_FILES: &str = "/*";

/// A file's whole-life totals in one process.
#[derive(Debug, Serialize)]
struct Total {
    file_name: &'static str,
    proc_id: u64,
    io_in: u64,
    io_out: u64,
}

/// A file's bytes in one bucket of one process.
#[derive(Debug, Serialize)]
struct Row {
    ts: u64,
    io_in: u64,
    io_out: u64,
    file_name: &'static str,
    proc_name: u64,
}

/// What came in and what went out.
const MOVED: [Metric; 2] = [Metric::BlockReadBytes, Metric::BlockWriteBytes];

/// Bytes in and out, where any moved.
fn moved(metrics: &Metrics) -> Option<(u64, u64)> {
    let [read, written] = MOVED.map(|metric| metrics.get(metric).unwrap_or(0));
    let bytes = (read, written);
    (bytes != (0, 0)).then_some(bytes)
}

pub(crate) async fn io(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Plain> {
    let top = asked.top()?;
    asked.parameters.choice(
        "system",
        "Files of the system too.",
        &[("true", true), ("false", false)],
    )?;
    let Some(resolution) = asked.interval()? else {
        let all = asked
            .processes(&app)
            .await?
            .map_or(Vec::new(), |(_, all)| all);
        return Ok(Json(totals(&all)).into_response());
    };
    let rows = asked.rows(&app, resolution, None, &MOVED, row).await?;
    let top = rank(rows, top, |row| row.io_in.saturating_add(row.io_out));
    let rows: Vec<Row> = top.into_iter().flat_map(|(_, rows)| rows).collect();
    let by_file = if rows.is_empty() {
        Vec::new()
    } else {
        vec![(ALL_FILES.to_owned(), rows)]
    };
    Ok(Json(Ranked(by_file)).into_response())
}

fn row(pid: u64, ts: u64, point: &Point) -> Option<Row> {
    let (io_in, io_out) = moved(&point.usage)?;
    Some(Row {
        ts,
        io_in,
        io_out,
        file_name: ALL_FILES,
        proc_name: pid,
    })
}

fn totals(all: &[ProcessRecord]) -> Ranked<Total> {
    let pids = Pids::of(all);
    let total = |process: &ProcessRecord| {
        let (io_in, io_out) = moved(&process.totals)?;
        let proc_id = pids.seed_id(process);
        Some((
            proc_id.to_string(),
            vec![Total {
                file_name: ALL_FILES,
                proc_id,
                io_in,
                io_out,
            }],
        ))
    };
    Ranked(all.iter().filter_map(total).collect())
}
