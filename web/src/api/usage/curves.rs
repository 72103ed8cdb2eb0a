//! The answer of `usage`: curves, as they are told.

use bc_schema::Resolution;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::answer::{self, Ms};
use crate::api::losses;
use crate::chart::Curve;

/// Curves over steps of equal length. `null` in a curve: nothing is known there, or the process did not live.
#[derive(Serialize, ToSchema)]
pub(crate) struct Usage {
    pub(super) metric: &'static str,
    /// Of the curves: `ns_per_s` (1e9 = one CPU), `bytes`, `bytes_per_s`.
    pub(super) unit: &'static str,
    #[schema(schema_with = answer::resolution)]
    pub(super) resolution: Resolution,
    pub(super) step_ms: u64,
    pub(super) from_ms: Ms,
    pub(super) to_ms: Ms,
    /// The steps' beginnings, on multiples of `step_ms`: the first may lie before `from_ms`.
    pub(super) times_ms: Vec<Ms>,
    /// How much of each step was recorded and lies in the range: what its means are taken over.
    pub(super) covered_ms: Vec<Ms>,
    pub(super) total: Total,
    /// Those with the most, largest first; the last is `others` when processes are left over.
    pub(super) series: Vec<OfOne>,
    pub(super) losses: Vec<losses::Shown>,
}

/// All processes together.
#[derive(Serialize, ToSchema)]
pub(crate) struct Total {
    pub(super) mean: Curve,
    /// The lowest in each step.
    pub(super) min: Curve,
    /// The highest in each step.
    pub(super) max: Curve,
    /// Of I/O: the part that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) read: Option<Curve>,
    /// Of I/O: the part that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) write: Option<Curve>,
}

/// One process, or all that have no curve of their own.
#[derive(Serialize, ToSchema)]
#[schema(as = Series)]
pub(crate) struct OfOne {
    /// Its id, or `others`.
    pub(super) process: String,
    pub(super) pid: Option<u32>,
    pub(super) name: String,
    /// The amount in the range (ns, bytes; of memory byte-seconds): what they are ranked by.
    pub(super) sum: u64,
    pub(super) mean: Curve,
}
