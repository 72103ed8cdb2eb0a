//! `usage.csv`: curves as a table to download, one row for each step of each curve.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::curves::Usage;
use super::{Request, draw};
use crate::api::answer::ms;
use crate::api::permitted::Permitted;
use crate::api::refusal::{Id, OfAny, OfMissing, OfOther};
use crate::app::App;
use crate::csv::{self, Row, Table};
use crate::parameters::Ask;
use crate::problem::Problem;

/// Download usage
///
/// As CSV (RFC 4180): a row for each step of each curve. `process` is an id, `others` or `total`; `mean`, `min` and `max` have their unit in
/// their names; what is unknown is empty. Losses are told by `losses`.
#[utoipa::path(
    get, path = "/containers/{id}/usage.csv", tag = "usage",
    params(Id, Ask::<Request>),
    responses(Table, OfAny, OfOther, OfMissing),
)]
pub(crate) async fn table(
    State(app): State<Arc<App>>,
    permitted: Permitted,
    Ask(request): Ask<Request>,
) -> Result<Response, Problem> {
    let usage = Arc::new(draw(&app, &permitted, request).await?);
    let unit = usage.unit;
    let [mean, min, max] = ["mean", "min", "max"].map(|of| format!("{of}_{unit}"));
    let columns = [
        "time_ms",
        "covered_ms",
        "process",
        "pid",
        "name",
        &mean,
        &min,
        &max,
    ];
    let file = csv::file_name(permitted.id(), usage.metric);
    let curves = usage.series.len() + 1;
    let steps = usage.times_ms.len();
    let rows = (0..curves * steps).map(move |place| (usage.clone(), place));
    Ok(csv::table(
        &file,
        &columns,
        rows,
        move |(usage, place), row| {
            fill(usage, place / steps, place % steps, row);
        },
    ))
}

/// A step of the total (curve 0), or of one of the others.
fn fill(usage: &Usage, curve: usize, step: usize, row: &mut Row<'_>) {
    row.plain(Some(ms(usage.times_ms[step].0)));
    row.plain(Some(ms(usage.covered_ms[step].0)));
    match curve.checked_sub(1) {
        None => {
            row.plain(Some("total"));
            row.plain(None::<u32>);
            row.plain(None::<&str>);
            row.plain(usage.total.mean[step]);
            row.plain(usage.total.min[step]);
            row.plain(usage.total.max[step]);
        }
        Some(of) => {
            let one = &usage.series[of];
            row.plain(Some(&one.process));
            row.plain(one.pid);
            row.text(Some(&one.name));
            row.plain(one.mean[step]);
            row.plain(None::<u64>);
            row.plain(None::<u64>);
        }
    }
}
