//! Levels that hold, end, and come one by one or together.

use bc_schema::resolution::SECOND_NS;
use bc_schema::store::Column;
use bc_schema::{Metrics, Resolution};

use super::*;

const S: u64 = SECOND_NS;

fn grid() -> Grid {
    let range = TimeRange {
        from_ns: 100 * S,
        to_ns: 110 * S,
    };
    Grid::new(Resolution::Second, range, range, 10)
}

/// Second, level, highest, peak.
type Told = (u64, Option<u64>, Option<u64>, Option<u64>);

fn known(second: u64, level: Option<u64>, highest: Option<u64>) -> Told {
    (second, level, highest, None)
}

fn advance_by(
    told: &[Told],
    held: &mut Option<Held>,
    lived: &Lived,
    seen: &mut Vec<(usize, u64, u64)>,
) {
    let bucket_ns: Vec<u64> = told.iter().map(|told| told.0 * S).collect();
    let mut columns = [const { Column::new() }; 3];
    for told in told {
        for (column, value) in columns.iter_mut().zip([told.1, told.2, told.3]) {
            column.push(value);
        }
    }
    let [level, highest, peak] = columns.each_ref().map(Column::all);
    let known = Known {
        bucket_ns: &bucket_ns,
        level,
        highest,
        peak,
    };
    advance(&grid(), held, known, lived, |stay| see(&grid(), stay, seen));
}

/// Bucket, level, and the time lived in it.
fn see(grid: &Grid, stay: Stay, seen: &mut Vec<(usize, u64, u64)>) {
    match stay {
        Stay::Whole(buckets, level) => {
            seen.extend(buckets.map(|bucket| (bucket, level.last, grid.covered(bucket).ns())));
        }
        Stay::Part(bucket, lived, level) => seen.push((bucket, level.last, lived.ns())),
    }
}

/// What becomes of levels that come one by one; together they come to the same.
fn levels(told: &[Told], stay: TimeRange) -> Vec<(usize, u64, u64)> {
    let lived = Lived::of(&grid(), stay);
    let of_runs = |runs: &[&[Told]]| {
        let (mut seen, mut held) = (Vec::new(), None);
        for told in runs {
            advance_by(told, &mut held, &lived, &mut seen);
        }
        settle(&grid(), held, &lived, |stay| see(&grid(), stay, &mut seen));
        seen
    };
    let seen = of_runs(&told.chunks(1).collect::<Vec<_>>());
    assert_eq!(of_runs(&[told]), seen);
    seen
}

#[test]
fn a_level_holds_to_the_next_sample_and_to_the_end() {
    let stay = TimeRange {
        from_ns: 101 * S + S / 2,
        to_ns: 106 * S + S / 4,
    };
    let told = [known(101, Some(5), Some(6)), known(104, Some(9), Some(9))];
    assert_eq!(
        levels(&told, stay),
        [
            (1, 5, S / 2),
            (2, 5, S),
            (3, 5, S),
            (4, 9, S),
            (5, 9, S),
            (6, 9, S / 4)
        ]
    );
}

#[test]
fn levels_without_gaps_are_joined_where_they_are_the_same() {
    let stay = TimeRange {
        from_ns: 90 * S,
        to_ns: 105 * S,
    };
    let both = |second: u64, level: u64| known(second, Some(level), Some(level));
    let told = [
        both(99, 3),
        both(100, 5),
        both(101, 5),
        both(102, 7),
        both(103, 5),
    ];
    let expected = [(0, 5, S), (1, 5, S), (2, 7, S), (3, 5, S), (4, 5, S)];
    assert_eq!(levels(&told, stay), expected);
}

#[test]
fn a_level_from_before_holds_until_something_else_is_known() {
    let before = Before {
        at_ns: 80 * S,
        metrics: Metrics::EMPTY.with(Metric::RssBytes, 7),
    };
    let stay = TimeRange {
        from_ns: 50 * S,
        to_ns: 102 * S,
    };
    let mut seen = Vec::new();
    settle(
        &grid(),
        Held::since(&grid(), &before),
        &Lived::of(&grid(), stay),
        |stay| see(&grid(), stay, &mut seen),
    );
    assert_eq!(seen, [(0, 7, S), (1, 7, S)]);
    let unknown = Before {
        metrics: Metrics::EMPTY,
        ..before
    };
    assert_eq!(Held::since(&grid(), &unknown), None);
}

#[test]
fn a_final_sample_without_rss_keeps_the_level() {
    let stay = TimeRange {
        from_ns: 100 * S,
        to_ns: 102 * S,
    };
    assert_eq!(
        levels(
            &[known(100, Some(5), Some(5)), known(101, None, None)],
            stay
        ),
        [(0, 5, S), (1, 5, S)]
    );
}

#[test]
fn a_process_never_sampled_alive_is_known_by_its_peak() {
    let stay = TimeRange {
        from_ns: 100 * S,
        to_ns: 100 * S + S / 100,
    };
    let mut only = known(100, None, None);
    only.3 = Some(70);
    assert_eq!(levels(&[only], stay), [(0, 70, S / 100)]);
    assert_eq!(levels(&[known(100, None, None)], stay), []);
}
