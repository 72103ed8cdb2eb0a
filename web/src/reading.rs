//! Reads curves from the store and folds them into one answer as they come, so that it holds little at once however much it sums up.

use std::sync::{Arc, Mutex, PoisonError};

use bc_schema::store::{ColumnQuery, Run};
use bc_schema::{ContainerId, Resolution, TimeRange};

use crate::app::App;
use crate::lived::Everyone;
use crate::problem::Problem;

/// Folds everything that a query finds into `state`, without what retention lets go, whether a cleaner has been there or not. Answers that
/// do this wait for each other, a few at a time.
pub(crate) async fn fold<T: Send + 'static>(
    app: &App,
    id: &ContainerId,
    query: &ColumnQuery,
    everyone: &Arc<Everyone>,
    state: T,
    add: impl Fn(&mut T, Run<'_>, &Everyone) + Send + 'static,
) -> Result<T, Problem> {
    let broken = |why: &str| Problem::Broken(format!("summing up buckets: {why}"));
    let turn = app.readers.acquire().await;
    let _turn = turn.map_err(|error| broken(&error.to_string()))?;
    let folded = Arc::new(Mutex::new(state));
    let (state, everyone) = (folded.clone(), everyone.clone());
    let each = Box::new(move |run: Run<'_>| {
        let run = everyone.kept(run);
        if run.before.is_some() || !run.bucket_ns().is_empty() {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            add(&mut state, run, &everyone);
        }
    });
    app.store.columns(id, query, each).await?;
    let folded = Arc::into_inner(folded).ok_or_else(|| broken("the store goes on"))?;
    Ok(folded.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// How many buckets processes can have in a range, by when they were there.
pub(crate) fn load(
    stays: impl Iterator<Item = TimeRange>,
    resolution: Resolution,
    range: TimeRange,
) -> u64 {
    stays
        .filter_map(|stay| buckets(stay, resolution, range))
        .map(|(first, end)| end - first)
        .fold(0, u64::saturating_add)
}

/// The buckets of a range that a stay touches: the first, and the first after.
fn buckets(stay: TimeRange, resolution: Resolution, range: TimeRange) -> Option<(u64, u64)> {
    let from_ns = stay.from_ns.max(range.from_ns);
    let to_ns = stay.to_ns.min(range.to_ns);
    (from_ns < to_ns).then(|| (from_ns / resolution.ns(), (to_ns - 1) / resolution.ns() + 1))
}

#[cfg(test)]
mod tests {
    use bc_schema::resolution::SECOND_NS;

    use super::*;

    fn seconds(from: u64, to: u64) -> TimeRange {
        TimeRange {
            from_ns: from * SECOND_NS,
            to_ns: to * SECOND_NS,
        }
    }

    #[test]
    fn load_counts_begun_buckets() {
        let stays = [seconds(0, 10), seconds(59, 61), seconds(100, 200)];
        assert_eq!(
            load(stays.into_iter(), Resolution::Second, seconds(5, 110)),
            5 + 2 + 10
        );
        assert_eq!(
            load(stays.into_iter(), Resolution::Minute, seconds(0, 180)),
            1 + 2 + 2
        );
    }
}
