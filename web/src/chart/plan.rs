//! Which resolution a chart is drawn from.

use bc_schema::{Resolution, Retention, TimeRange};

use super::grid::{self, Grid};
use crate::history::{self, Reach};

/// As asked by a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// `None`: the finest that fits, from `finest` on.
    pub(crate) resolution: Option<Resolution>,
    pub(crate) finest: Resolution,
    pub(crate) from_ns: Option<u64>,
    pub(crate) to_ns: Option<u64>,
    pub(crate) points: u64,
}

/// Most buckets of time in one answer: what holds its memory to a few megabytes.
pub(crate) const MAX_BUCKETS: u64 = 200_000;
/// How many buckets per point are still read for the sake of true minima and maxima before a coarser resolution is taken.
const FINENESS: u64 = 8;

/// The range holds more buckets than one answer is summed from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooFine;

/// Chooses the resolution where that was left open, and cuts the range. `reaches` are the container's lives, newest first.
pub(crate) fn plan(
    asked: &Asked,
    recorded: TimeRange,
    reaches: &[Reach],
    retention: &Retention,
) -> Result<Grid, TooFine> {
    let to_ns = asked.to_ns.unwrap_or(u64::MAX).min(recorded.to_ns);
    let Some(resolution) = asked.resolution else {
        let range = TimeRange {
            from_ns: asked.from_ns.unwrap_or(0).max(recorded.from_ns),
            to_ns,
        };
        let fits = |&r: &Resolution| {
            is_kept(r, range, asked.points, reaches, retention)
                && buckets(r, range) <= asked.points * FINENESS
        };
        let resolution = Resolution::ALL
            .into_iter()
            .filter(|&r| r >= asked.finest)
            .find(fits)
            .unwrap_or(Resolution::Day);
        return Ok(Grid::new(resolution, range, recorded, asked.points));
    };
    let from_ns = asked
        .from_ns
        .unwrap_or_else(|| first_shown_ns(resolution, to_ns, reaches, retention))
        .max(recorded.from_ns);
    let range = TimeRange { from_ns, to_ns };
    if buckets(resolution, range) > MAX_BUCKETS {
        return Err(TooFine);
    }
    Ok(Grid::new(resolution, range, recorded, asked.points))
}

fn buckets(resolution: Resolution, range: TimeRange) -> u64 {
    grid::count(resolution, range.from_ns, range.to_ns)
}

/// Whether every life in the range still has its rows of a resolution, to within one step.
fn is_kept(
    resolution: Resolution,
    range: TimeRange,
    points: u64,
    reaches: &[Reach],
    retention: &Retention,
) -> bool {
    let step_ns = range.to_ns.saturating_sub(range.from_ns) / points.max(1);
    reaches
        .iter()
        .filter(|reach| reach.last_ns >= range.from_ns && reach.began_ns() < range.to_ns)
        .all(|reach| {
            reach.kept_from_ns(retention, resolution)
                <= reach.began_ns().max(range.from_ns).saturating_add(step_ns)
        })
}

/// Where a chart of one resolution begins when nobody says: at the first row kept, as long as that is not too far back.
fn first_shown_ns(
    resolution: Resolution,
    to_ns: u64,
    reaches: &[Reach],
    retention: &Retention,
) -> u64 {
    let first_ns = history::first_kept_ns(reaches, retention, resolution);
    if grid::count(resolution, first_ns, to_ns) <= MAX_BUCKETS {
        return first_ns;
    }
    // Lives far apart: the latest alone.
    reaches.first().map_or(first_ns, |reach| {
        reach
            .kept_from_ns(retention, resolution)
            .max(reach.began_ns())
    })
}

#[cfg(test)]
mod tests {
    use bc_schema::resolution::SECOND_NS;
    use bc_schema::{ContainerId, LifeKey};

    use super::*;

    const DAY: u64 = 86_400;
    const T0: u64 = 20_000 * DAY;

    fn life(began: u64, last: u64) -> Reach {
        let life = LifeKey {
            container: ContainerId::new("c").unwrap(),
            host: "h".into(),
            began_ns: began * SECOND_NS,
        };
        Reach {
            life,
            last_ns: last * SECOND_NS,
        }
    }

    fn chosen(
        reaches: &[Reach],
        from: Option<u64>,
        to: Option<u64>,
        points: u64,
    ) -> (Resolution, u64) {
        let asked = Asked {
            resolution: None,
            finest: Resolution::Second,
            from_ns: from.map(|s| s * SECOND_NS),
            to_ns: to.map(|s| s * SECOND_NS),
            points,
        };
        let recorded = TimeRange {
            from_ns: reaches.iter().map(Reach::began_ns).min().unwrap(),
            to_ns: reaches.iter().map(|reach| reach.last_ns).max().unwrap() + 1,
        };
        let grid = plan(&asked, recorded, reaches, &Retention::default()).unwrap();
        assert!(grid.steps() as u64 <= points);
        (grid.resolution, grid.step_ns() / SECOND_NS)
    }

    #[test]
    fn the_finest_that_is_kept_and_fits() {
        // Within an hour: seconds, joined where there are more than points.
        assert_eq!(
            chosen(&[life(T0, T0 + 299)], None, None, 600),
            (Resolution::Second, 1)
        );
        assert_eq!(
            chosen(&[life(T0, T0 + 3599)], None, None, 600),
            (Resolution::Second, 6)
        );
        // Few points: reading 3,600 buckets for 60 of them is not worth it.
        assert_eq!(
            chosen(&[life(T0, T0 + 3599)], None, None, 60),
            (Resolution::Minute, 60)
        );
        // Two hours: the first hour of seconds is gone.
        assert_eq!(
            chosen(&[life(T0, T0 + 7199)], None, None, 600),
            (Resolution::Minute, 60)
        );
        assert_eq!(
            chosen(&[life(T0, T0 + 7199)], Some(T0 + 3600), None, 600),
            (Resolution::Second, 6)
        );
        assert_eq!(
            chosen(&[life(T0, T0 + 7199)], Some(T0 + 300), Some(T0 + 600), 600),
            (Resolution::Minute, 60)
        );
        // Ten days: hours, a year: days.
        assert_eq!(
            chosen(&[life(T0, T0 + 10 * DAY - 1)], None, None, 600),
            (Resolution::Hour, 3_600)
        );
        assert_eq!(
            chosen(&[life(T0, T0 + 365 * DAY - 1)], None, None, 600),
            (Resolution::Day, DAY)
        );
    }

    #[test]
    fn an_old_life_kept_its_own_last_hour() {
        let reaches = [life(T0 + 50 * DAY, T0 + 50 * DAY + 10), life(T0, T0 + 1800)];
        assert_eq!(
            chosen(&reaches, Some(T0), Some(T0 + 1800), 600).0,
            Resolution::Second
        );
        assert_eq!(chosen(&reaches, None, None, 600).0, Resolution::Hour);
    }

    #[test]
    fn a_resolution_that_was_asked_for_is_drawn_as_far_as_it_is_kept() {
        let reaches = [life(T0, T0 + 10 * DAY)];
        let recorded = TimeRange {
            from_ns: T0 * SECOND_NS,
            to_ns: (T0 + 10 * DAY) * SECOND_NS + 1,
        };
        let asked = Asked {
            resolution: Some(Resolution::Second),
            finest: Resolution::Second,
            from_ns: None,
            to_ns: None,
            points: 600,
        };
        let grid = plan(&asked, recorded, &reaches, &Retention::default()).unwrap();
        assert_eq!(grid.range().from_ns, (T0 + 10 * DAY - 3600) * SECOND_NS);
        let all = Asked {
            from_ns: Some(0),
            ..asked
        };
        assert_eq!(
            plan(&all, recorded, &reaches, &Retention::default()),
            Err(TooFine)
        );
    }

    #[test]
    fn lives_far_apart_show_the_latest() {
        let reaches = [life(T0 + 50 * DAY, T0 + 50 * DAY + 10), life(T0, T0 + 1800)];
        let recorded = TimeRange {
            from_ns: T0 * SECOND_NS,
            to_ns: (T0 + 50 * DAY + 10) * SECOND_NS + 1,
        };
        let asked = Asked {
            resolution: Some(Resolution::Second),
            finest: Resolution::Second,
            from_ns: None,
            to_ns: None,
            points: 600,
        };
        let grid = plan(&asked, recorded, &reaches, &Retention::default()).unwrap();
        assert_eq!(
            (grid.range().from_ns, grid.buckets),
            ((T0 + 50 * DAY) * SECOND_NS, 11)
        );
    }
}
