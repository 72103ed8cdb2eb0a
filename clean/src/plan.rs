//! The plan: from spans of lives to orders, without a clock and without a store.

use bc_schema::store::{LifeSpan, PruneOrder};
use bc_schema::{Resolution, Retention};

/// What may go of these lives. The times count back from each life's own last record (law 7), so a life that has ended keeps its last
/// hour of seconds, its last two days of minutes, and so on, until someone deletes it.
pub fn plan(spans: &[LifeSpan], retention: &Retention) -> Vec<PruneOrder> {
    spans
        .iter()
        .flat_map(|span| orders(span, retention))
        .collect()
}

fn orders<'a>(
    span: &'a LifeSpan,
    retention: &'a Retention,
) -> impl Iterator<Item = PruneOrder> + 'a {
    Resolution::ALL.into_iter().filter_map(|resolution| {
        let before_ns = keep_from_ns(retention, resolution, span.last_record_ns)?;
        let first_ns = span.first_bucket_ns[resolution as usize]?;
        (first_ns < before_ns).then(|| PruneOrder {
            life: span.life.clone(),
            resolution,
            before_ns,
        })
    })
}

/// Where the rows of a resolution are kept from. Coarser rows are what finer ones count from and what is left when those go, so none is
/// kept for less long than a finer one, whatever the settings say.
fn keep_from_ns(retention: &Retention, resolution: Resolution, last_record_ns: u64) -> Option<u64> {
    let finer = Resolution::ALL
        .into_iter()
        .filter(|&finer| finer < resolution);
    let own_ns = retention.keep_from_ns(resolution, last_record_ns)?;
    let finer_ns = finer.filter_map(|finer| retention.keep_from_ns(finer, last_record_ns));
    Some(resolution.bucket_ns(finer_ns.fold(own_ns, u64::min)))
}

#[cfg(test)]
mod tests {
    use bc_schema::resolution::SECOND_NS;
    use bc_schema::{ContainerId, LifeKey};

    use super::*;

    const DAY_S: u64 = 86_400;
    /// A UTC midnight, s.
    const MIDNIGHT_S: u64 = 1_700_006_400;

    fn span(last_record_s: u64, first_s: [Option<u64>; 4]) -> LifeSpan {
        LifeSpan {
            life: LifeKey {
                container: ContainerId::new("c").unwrap(),
                host: "node1".into(),
                began_ns: 0,
            },
            last_record_ns: last_record_s * SECOND_NS + 7,
            first_bucket_ns: first_s.map(|first| first.map(|second| second * SECOND_NS)),
        }
    }

    fn planned(span: LifeSpan, retention: Retention) -> Vec<(Resolution, u64)> {
        let orders = plan(&[span], &retention);
        orders
            .iter()
            .map(|order| (order.resolution, order.before_ns / SECOND_NS))
            .collect()
    }

    #[test]
    fn each_resolution_is_kept_for_its_time_before_the_last_record() {
        let last_s = MIDNIGHT_S + 200 * DAY_S + 12 * 3600 + 34 * 60 + 56;
        let first = Some(MIDNIGHT_S);
        assert_eq!(
            planned(span(last_s, [first; 4]), Retention::default()),
            [
                (Resolution::Second, last_s - 3600),
                (Resolution::Minute, last_s - 56 - 2 * DAY_S),
                (Resolution::Hour, last_s - 56 - 34 * 60 - 120 * DAY_S),
            ]
        );
    }

    #[test]
    fn what_is_young_enough_stays() {
        let last_s = MIDNIGHT_S + 5000;
        let first = [
            Some(last_s - 3600),
            Some(MIDNIGHT_S),
            Some(MIDNIGHT_S),
            Some(MIDNIGHT_S),
        ];
        assert_eq!(planned(span(last_s, first), Retention::default()), []);
        let first = [
            Some(last_s - 3601),
            Some(MIDNIGHT_S),
            Some(MIDNIGHT_S),
            Some(MIDNIGHT_S),
        ];
        let expected = [(Resolution::Second, last_s - 3600)];
        assert_eq!(planned(span(last_s, first), Retention::default()), expected);
    }

    #[test]
    fn a_resolution_without_rows_needs_no_order_and_days_stay_for_ever() {
        let last_s = MIDNIGHT_S + 4000 * DAY_S;
        let first = [None, None, None, Some(MIDNIGHT_S)];
        assert_eq!(planned(span(last_s, first), Retention::default()), []);
    }

    #[test]
    fn a_coarser_resolution_is_never_kept_for_less_long() {
        let retention = Retention {
            seconds_s: 2 * 3600,
            minutes_s: 60,
            hours_s: 0,
        };
        let last_s = MIDNIGHT_S + DAY_S + 90;
        let first = Some(MIDNIGHT_S);
        assert_eq!(
            planned(span(last_s, [first; 4]), retention),
            [
                (Resolution::Second, last_s - 7200),
                (Resolution::Minute, last_s - 30 - 7200),
                (Resolution::Hour, last_s - 90 - 7200),
            ]
        );
    }

    #[test]
    fn the_largest_keep_times_keep_everything() {
        let retention = Retention {
            seconds_s: u64::MAX,
            minutes_s: u64::MAX,
            hours_s: u64::MAX,
        };
        assert_eq!(planned(span(MIDNIGHT_S, [Some(0); 4]), retention), []);
    }
}
