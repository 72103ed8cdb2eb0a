//! Reads buckets from the store a stretch of time after the other, so that one answer, however much it sums up, holds little at once.

use std::sync::Arc;

use bc_schema::store::{Series, SeriesQuery};
use bc_schema::{ContainerId, Resolution, TimeRange};

use crate::app::App;
use crate::lived::Everyone;
use crate::problem::Problem;

/// About as many buckets of processes are read at once: some 20 MB.
const AT_ONCE: u64 = 100_000;

/// Reads every bucket of the query once, in order of time, and folds it into `state`. Answers that do this wait for each other, a few at a time.
pub(crate) async fn fold<T: Send + 'static>(
    app: &App,
    id: &ContainerId,
    query: SeriesQuery,
    everyone: &Arc<Everyone>,
    mut state: T,
    add: impl Fn(&mut T, &[Series], &Everyone) + Clone + Send + 'static,
) -> Result<T, Problem> {
    let _turn = app
        .readers
        .acquire()
        .await
        .map_err(|error| Problem::Broken(error.to_string()))?;
    let alone = query.ids.as_ref().is_some_and(|ids| ids.len() == 1);
    let stretches = if alone {
        vec![query.range]
    } else {
        stretches(everyone.stays(), query.resolution, query.range, AT_ONCE)
    };
    for range in stretches {
        let mut series = app
            .store
            .series(
                id,
                &SeriesQuery {
                    range,
                    ..query.clone()
                },
            )
            .await?;
        let (everyone, add) = (everyone.clone(), add.clone());
        // Summing takes longer than a thread that serves others may be held.
        let summed = tokio::task::spawn_blocking(move || {
            everyone.clip(&mut series);
            add(&mut state, &series, &everyone);
            state
        });
        state = summed
            .await
            .map_err(|error| Problem::Broken(format!("summing up buckets: {error}")))?;
    }
    Ok(state)
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

/// Cuts a range into stretches of about `at_once` buckets of processes each. Seconds are cut at minutes, where a store has what came before.
fn stretches(
    stays: impl Iterator<Item = TimeRange>,
    resolution: Resolution,
    range: TimeRange,
    at_once: u64,
) -> Vec<TimeRange> {
    let even = if resolution == Resolution::Second {
        60
    } else {
        1
    };
    let mut changes: Vec<(u64, i64)> = stays
        .filter_map(|stay| buckets(stay, resolution, range))
        .flat_map(|(first, end)| [(first, 1), (end, -1)])
        .collect();
    changes.sort_unstable();
    let mut stretches = Vec::new();
    let (mut from_ns, mut at, mut held, mut present) = (range.from_ns, 0u64, 0u64, 0i64);
    for (bucket, change) in changes {
        let many = present.unsigned_abs();
        while at < bucket {
            let room = if many == 0 {
                u64::MAX
            } else {
                (at_once.saturating_sub(held)).div_ceil(many).max(1)
            };
            let full = at
                .saturating_add(room)
                .checked_next_multiple_of(even)
                .unwrap_or(u64::MAX);
            held = held.saturating_add(many.saturating_mul(full.min(bucket) - at));
            at = full.min(bucket);
            if full <= bucket && held >= at_once {
                let to_ns = (at * resolution.ns()).min(range.to_ns);
                stretches.push(TimeRange { from_ns, to_ns });
                (from_ns, held) = (to_ns, 0);
            }
        }
        present += change;
    }
    if from_ns < range.to_ns {
        stretches.push(TimeRange {
            from_ns,
            to_ns: range.to_ns,
        });
    }
    stretches
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

    fn cut(stays: &[TimeRange], range: TimeRange, at_once: u64) -> Vec<(u64, u64)> {
        let stretches = stretches(stays.iter().copied(), Resolution::Second, range, at_once);
        stretches
            .iter()
            .map(|range| (range.from_ns / SECOND_NS, range.to_ns / SECOND_NS))
            .collect()
    }

    #[test]
    fn little_is_read_at_once() {
        assert_eq!(
            cut(&[seconds(0, 3600)], seconds(0, 3600), 100_000),
            [(0, 3600)]
        );
        assert_eq!(cut(&[], seconds(0, 10), 100), [(0, 10)]);
        assert_eq!(cut(&[], seconds(10, 10), 100), []);
    }

    #[test]
    fn much_is_cut_at_minutes() {
        let ten = [seconds(0, 300); 10];
        assert_eq!(
            cut(&ten, seconds(0, 300), 1000),
            [(0, 120), (120, 240), (240, 300)]
        );
        assert_eq!(cut(&ten, seconds(30, 290), 1000), [(30, 180), (180, 290)]);
        // More at once than fits in the shortest stretch.
        assert_eq!(
            cut(&ten, seconds(0, 180), 1),
            [(0, 60), (60, 120), (120, 180)]
        );
    }

    #[test]
    fn what_is_empty_costs_no_stretch() {
        let far = [
            seconds(0, 60),
            seconds(0, 60),
            seconds(1_000_000, 1_000_060),
        ];
        assert_eq!(
            cut(&far, seconds(0, 1_000_060), 100),
            [(0, 60), (60, 1_000_060)]
        );
    }

    #[test]
    fn stretches_cover_the_range_without_gap_or_overlap() {
        let stays: Vec<_> = (0..500).map(|i| seconds(i * 7, i * 7 + i)).collect();
        let stretches = cut(&stays, seconds(5, 4321), 3000);
        assert!(stretches.len() > 10);
        assert_eq!((stretches[0].0, stretches.last().unwrap().1), (5, 4321));
        assert!(
            stretches
                .windows(2)
                .all(|pair| pair[0].1 == pair[1].0 && pair[0].1 % 60 == 0)
        );
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
