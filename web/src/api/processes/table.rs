//! `processes.csv`: the processes of a container as a table to download.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bc_schema::Metric;
use bc_schema::store::ProcessRecord;

use super::select::Selection;
use super::show;
use crate::api::answer::ms;
use crate::api::permitted::Permitted;
use crate::api::refusal::{Id, OfAny, OfMissing, OfOther};
use crate::app::App;
use crate::csv::{self, Row, Table};
use crate::history::name;
use crate::parameters::Ask;
use crate::problem::Problem;

/// The columns before those of the metrics.
const COLUMNS: [&str; 20] = [
    "id",
    "pid",
    "container_pid",
    "parent",
    "parent_pid",
    "uid",
    "host",
    "name",
    "exe",
    "args",
    "args_cut",
    "start_ms",
    "entered_ms",
    "end_ms",
    "exit_code",
    "signal",
    "signal_name",
    "oom_killed",
    "core_dumped",
    "end_unseen",
];

/// Download processes
///
/// As CSV (RFC 4180): all that are meant, in one table. `args` is a JSON array; every known metric has a column; what is unknown is empty.
/// A text that a spreadsheet would take for a formula has an apostrophe in front.
#[utoipa::path(
    get, path = "/containers/{id}/processes.csv", tag = "processes",
    params(Id, Ask::<Selection>),
    responses(Table, OfAny, OfOther, OfMissing),
)]
pub(crate) async fn table(
    State(app): State<Arc<App>>,
    permitted: Permitted,
    Ask(selection): Ask<Selection>,
) -> Result<Response, Problem> {
    let (all, _turn) = app.processes(permitted.id()).await?;
    let chosen = selection.choose(&all);
    let columns: Vec<&str> = COLUMNS
        .into_iter()
        .chain(Metric::ALL.iter().map(|metric| metric.name()))
        .collect();
    let file = csv::file_name(permitted.id(), "processes");
    let all = Arc::new(all);
    let rows = chosen.into_iter().map(move |place| (all.clone(), place));
    Ok(csv::table(&file, &columns, rows, |(all, place), row| {
        fill(&all[*place], row);
    }))
}

fn fill(process: &ProcessRecord, row: &mut Row<'_>) {
    let start = &process.start;
    let last = process.execs.last();
    let end = process.end.as_ref();
    row.plain(Some(start.process));
    row.plain(Some(start.pid));
    row.plain(start.container_pid);
    row.plain(start.parent);
    row.plain(start.parent_pid);
    row.plain(start.uid);
    row.text(Some(&start.life.host));
    row.text(Some(name(process)));
    row.text(last.and_then(|exec| exec.exe.as_deref()));
    let args = last.and_then(|exec| exec.args.as_ref());
    let args = args.and_then(|args| serde_json::to_string(args).ok());
    row.text(args.as_deref());
    row.plain(last.map(|exec| exec.args_cut));
    row.plain(Some(ms(start.start_ns)));
    row.plain(Some(ms(start.entered_ns)));
    row.plain(end.map(|end| ms(end.at_ns)));
    row.plain(end.and_then(|end| end.exit_code));
    let signal = end.and_then(|end| end.signal);
    row.plain(signal);
    row.plain(signal.map(show::signal_name));
    row.plain(end.map(|end| end.oom_killed));
    row.plain(end.map(|end| end.core_dumped));
    row.plain(end.map(|end| end.unseen));
    for metric in Metric::ALL {
        row.plain(process.totals.get(*metric));
    }
}
