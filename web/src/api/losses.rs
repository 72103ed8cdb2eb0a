//! `losses`: what could not be recorded, beside the chart it touches.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bc_schema::store::LossRecord;
use bc_schema::{LossReason, TimeRange};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{self, Ms, json};
use super::permitted::Permitted;
use super::refusal::{Id, OfAny, OfMissing, OfOther};
use crate::app::App;
use crate::parameters::{Ask, Asked, Parameters};
use crate::problem::Problem;

/// What could not be recorded: a loss, or several of one reason in one stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Loss)]
pub(crate) struct Shown {
    /// When the first of them happened.
    at_ms: Ms,
    #[schema(schema_with = answer::reason)]
    reason: LossReason,
    /// What it means, in words.
    says: &'static str,
    count: u64,
    /// CPU known to be missing with it, ns.
    cpu_ns: u64,
    /// It is the container's own; otherwise its host's.
    container: bool,
}

/// The losses of a container.
#[derive(Serialize, ToSchema)]
pub(crate) struct Losses {
    /// By time.
    losses: Vec<Shown>,
}

/// When they happened.
pub(crate) struct When(TimeRange);

impl Asked for When {
    fn read(parameters: &Parameters) -> Result<Self, Problem> {
        let (from_ns, to_ns) = parameters.range_ns()?;
        Ok(Self(TimeRange {
            from_ns: from_ns.unwrap_or(0),
            to_ns: to_ns.unwrap_or(u64::MAX),
        }))
    }
}

/// Most entries that one answer lists.
const MAX_SHOWN: usize = 5_000;

/// Joins losses of one reason within stretches of `stretch_ns`: a chart has no room for more, and an answer no need.
pub(crate) fn join(losses: &[LossRecord], stretch_ns: u64) -> Vec<Shown> {
    let mut joined: BTreeMap<(u64, LossReason, bool), Shown> = BTreeMap::new();
    for loss in losses {
        let container = loss.container.is_some();
        let key = (loss.second_ns / stretch_ns.max(1), loss.reason, container);
        let at_ms = Ms(loss.second_ns);
        let shown = joined.entry(key).or_insert(Shown {
            at_ms,
            reason: loss.reason,
            says: loss.reason.says(),
            count: 0,
            cpu_ns: 0,
            container,
        });
        shown.at_ms = Ms(shown.at_ms.0.min(loss.second_ns));
        shown.count = shown.count.saturating_add(loss.count);
        shown.cpu_ns = shown.cpu_ns.saturating_add(loss.cpu_ns);
    }
    joined.into_values().collect()
}

/// What could not be recorded
///
/// The container's own losses, and those of its hosts while it lived there, by time. Above 5,000 entries, losses of one reason in
/// neighbouring seconds are joined.
#[utoipa::path(
    get, path = "/containers/{id}/losses", tag = "usage",
    params(Id, Ask::<When>),
    responses((status = 200, body = Losses), OfAny, OfOther, OfMissing),
)]
pub(crate) async fn losses(
    State(app): State<Arc<App>>,
    permitted: Permitted,
    Ask(When(range)): Ask<When>,
) -> Result<Response, Problem> {
    let losses = app.store.losses(Some(permitted.id()), range).await?;
    let mut stretch_ns = bc_schema::resolution::SECOND_NS;
    let mut shown = join(&losses, stretch_ns);
    while shown.len() > MAX_SHOWN {
        stretch_ns *= 2;
        shown = join(&losses, stretch_ns);
    }
    json(&Losses { losses: shown })
}

#[cfg(test)]
mod tests {
    use bc_schema::resolution::SECOND_NS;

    use super::*;

    #[test]
    fn losses_of_one_reason_in_one_step_are_one() {
        let loss = |second: u64, reason, count| LossRecord {
            host: "h".into(),
            recorder_ns: 1,
            container: None,
            second_ns: second * SECOND_NS,
            reason,
            count,
            cpu_ns: 10,
        };
        let all = [
            loss(12, LossReason::SamplesMissed, 1),
            loss(11, LossReason::SamplesMissed, 2),
            loss(11, LossReason::RingFull, 4),
            loss(20, LossReason::SamplesMissed, 8),
        ];
        let joined: Vec<_> = join(&all, 10 * SECOND_NS)
            .iter()
            .map(|one| (one.at_ms.0 / SECOND_NS, one.reason, one.count, one.cpu_ns))
            .collect();
        assert_eq!(
            joined,
            [
                (11, LossReason::RingFull, 4, 10),
                (11, LossReason::SamplesMissed, 3, 20),
                (20, LossReason::SamplesMissed, 8, 10)
            ]
        );
    }
}
