//! The time to walk through: the lives of a container, cut into windows of which each is asked for by itself.

use bc_schema::resolution::SECOND_NS;
use bc_schema::store::ContainerRecord;
use bc_schema::{Resolution, Retention, TimeRange};

/// When a container lived: without overlaps, in order of time. A second longer at each end, because a record is in the second it was made in.
pub(super) fn lived(container: &ContainerRecord) -> Vec<TimeRange> {
    let lives = container.lives.iter().map(|life| TimeRange {
        from_ns: life.life.began_ns.saturating_sub(SECOND_NS),
        to_ns: life
            .ended_ns
            .unwrap_or(container.last_record_ns)
            .max(life.life.began_ns)
            .saturating_add(SECOND_NS),
    });
    joined(lives.collect())
}

/// These from the beginning of a bucket on; with a rule of retention, only what is kept, counted back from the end of each.
pub(super) fn kept(
    lived: &[TimeRange],
    resolution: Resolution,
    retention: Option<&Retention>,
) -> Vec<TimeRange> {
    let kept = lived.iter().map(|life| {
        let kept_from = retention
            .and_then(|rule| rule.keep_from_ns(resolution, life.to_ns - SECOND_NS))
            .unwrap_or(0);
        TimeRange {
            from_ns: resolution.bucket_ns(life.from_ns).max(kept_from),
            to_ns: life.to_ns,
        }
    });
    kept.collect()
}

/// Cuts spans, as far as they lie within `range`, into windows at multiples of `length_ns`. The last window of a span goes on to such a
/// multiple.
pub(super) fn windows(
    spans: Vec<TimeRange>,
    range: TimeRange,
    length_ns: u64,
) -> impl Iterator<Item = TimeRange> + use<> {
    let mut next_ns = 0;
    spans.into_iter().flat_map(move |span| {
        let end_ns = span.to_ns.min(range.to_ns);
        let first_ns = span.from_ns.max(range.from_ns);
        // A window that ends in this span may begin in the one before: told once.
        let mut at_ns = (first_ns - first_ns % length_ns).max(next_ns);
        let mut windows = Vec::new();
        while at_ns < end_ns {
            let to_ns = at_ns.saturating_add(length_ns);
            windows.push(TimeRange {
                from_ns: at_ns.max(first_ns),
                to_ns: to_ns.min(range.to_ns),
            });
            at_ns = to_ns;
        }
        next_ns = at_ns.max(next_ns);
        windows
    })
}

fn joined(mut spans: Vec<TimeRange>) -> Vec<TimeRange> {
    spans.sort_by_key(|span| span.from_ns);
    let mut joined: Vec<TimeRange> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.from_ns <= last.to_ns => last.to_ns = last.to_ns.max(span.to_ns),
            _ => joined.push(span),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from_ns: u64, to_ns: u64) -> TimeRange {
        TimeRange { from_ns, to_ns }
    }

    #[test]
    fn lives_that_overlap_are_walked_through_once() {
        assert_eq!(
            joined(vec![span(50, 60), span(0, 10), span(5, 20), span(20, 21)]),
            [span(0, 21), span(50, 60)]
        );
    }

    #[test]
    fn each_instant_of_a_span_is_in_one_window() {
        let windows = |spans: &[TimeRange], range| {
            windows(spans.to_vec(), range, 100).collect::<Vec<TimeRange>>()
        };
        assert_eq!(
            windows(&[span(150, 320), span(350, 360)], TimeRange::EVER),
            [span(150, 200), span(200, 300), span(300, 400)]
        );
        // Years without a record cost nothing.
        assert_eq!(
            windows(&[span(0, 1), span(1 << 60, (1 << 60) + 1)], TimeRange::EVER).len(),
            2
        );
        assert_eq!(
            windows(&[span(0, 1000)], span(250, 410)),
            [span(250, 300), span(300, 400), span(400, 410)]
        );
        assert_eq!(windows(&[span(0, 1000)], span(2000, 3000)), []);
    }

    #[test]
    fn what_retention_gave_up_is_not_walked_through() {
        let retention = Retention {
            seconds_s: 10,
            ..Retention::default()
        };
        let lives = [span(0, 100 * SECOND_NS), span(0, 5 * SECOND_NS)];
        let from: Vec<u64> = kept(&lives, Resolution::Second, Some(&retention))
            .iter()
            .map(|span| span.from_ns / SECOND_NS)
            .collect();
        assert_eq!(from, [89, 0]);
        assert_eq!(kept(&lives, Resolution::Day, Some(&retention)), lives);
        let late = [span(130 * SECOND_NS, 200 * SECOND_NS)];
        let whole = [span(120 * SECOND_NS, 200 * SECOND_NS)];
        assert_eq!(kept(&late, Resolution::Minute, None), whole);
    }
}
