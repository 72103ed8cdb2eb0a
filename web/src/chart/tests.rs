//! Whole charts from hand-made buckets: sums, ranks, steps, and the unknown.

use std::collections::HashMap;

use bc_schema::resolution::SECOND_NS;
use bc_schema::store::{Before, ColumnQuery, Columns, Point, Series, SeriesQuery};
use bc_schema::{Metrics, Resolution};

use super::*;

const S: u64 = SECOND_NS;
const IO: [Metric; 2] = [Metric::BlockReadBytes, Metric::BlockWriteBytes];
const CPU: Measure = Measure::Flow(&[Metric::CpuNs]);

fn id(number: u8) -> ProcessId {
    ProcessId([number; 16])
}

fn seconds(from: u64, to: u64) -> TimeRange {
    TimeRange {
        from_ns: from * S,
        to_ns: to * S,
    }
}

fn series(number: u8, points: &[(u64, u64)], metric: Metric) -> Series {
    let point = |&(second, value): &(u64, u64)| Point {
        bucket_ns: second * S,
        usage: Metrics::EMPTY.with(metric, value),
        max_rss_bytes: (metric == Metric::RssBytes).then_some(value),
        span_ns: S,
    };
    Series {
        process: id(number),
        before: None,
        points: points.iter().map(point).collect(),
    }
}

type Stays = HashMap<ProcessId, TimeRange>;

/// Known up to the end of its stay, where that is known.
fn presence(stays: &Stays, process: ProcessId) -> Presence {
    let stay = stays.get(&process).copied();
    Presence {
        order: 0,
        stay: stay.unwrap_or(TimeRange::EVER),
        known_to_ns: stay.map_or(0, |stay| stay.to_ns),
    }
}

/// Adds points, column by column.
fn add(canvas: &mut Canvas, series: &Series, stays: &Stays) {
    let (metrics, max_rss) = canvas.measure.columns();
    let query = ColumnQuery {
        series: SeriesQuery {
            resolution: Resolution::Second,
            range: TimeRange::EVER,
            ids: None,
        },
        metrics: metrics.to_vec(),
        max_rss,
    };
    let mut columns = Columns::of(&query);
    for point in &series.points {
        columns.push(&query, point);
    }
    let run = Run::new(series.process, series.before, &columns);
    canvas.add(run, |process| presence(stays, process));
}

fn at_once(measure: Measure, grid: &Grid, all: &[Series], stays: &Stays, top: usize) -> Chart {
    let mut canvas = Canvas::new(measure, grid.clone());
    all.iter().for_each(|one| add(&mut canvas, one, stays));
    canvas.finish(top)
}

/// Draws, and holds that the same buckets bring the same chart when they come a second after the other.
fn draw(measure: Measure, grid: &Grid, all: &[Series], stays: &Stays, top: usize) -> Chart {
    let mut canvas = Canvas::new(measure, grid.clone());
    for bucket_ns in (grid.range().from_ns..grid.range().to_ns).step_by(S as usize) {
        let now = |one: &Series| Series {
            process: one.process,
            before: one.before,
            points: one
                .points
                .iter()
                .filter(|point| point.bucket_ns == bucket_ns)
                .cloned()
                .collect(),
        };
        let now: Vec<Series> = all.iter().map(now).collect();
        now.iter().for_each(|one| add(&mut canvas, one, stays));
    }
    let chart = at_once(measure, grid, all, stays, top);
    assert_eq!(canvas.finish(top), chart);
    chart
}

fn grid(points: u64) -> Grid {
    Grid::new(
        Resolution::Second,
        TimeRange::EVER,
        seconds(100, 106),
        points,
    )
}

#[test]
fn the_curves_add_up_to_the_total() {
    let all = [
        series(1, &[(100, 10), (101, 20), (102, 30)], Metric::CpuNs),
        series(2, &[(101, 500)], Metric::CpuNs),
        series(3, &[(104, 7), (105, 8)], Metric::CpuNs),
    ];
    let chart = draw(CPU, &grid(6), &all, &HashMap::new(), 1);
    assert_eq!(
        chart.mean,
        [Some(10), Some(520), Some(30), None, Some(7), Some(8)]
    );
    assert_eq!(
        chart.top,
        [Ranked {
            process: Some(id(2)),
            sum: 500,
            mean: vec![None, Some(500), None, None, None, None]
        }]
    );
    let others = chart.others.unwrap();
    assert_eq!((others.process, others.sum), (None, 75));
    assert_eq!(
        others.mean,
        [Some(10), Some(20), Some(30), None, Some(7), Some(8)]
    );
}

#[test]
fn joined_buckets_keep_their_lowest_and_highest() {
    let all = [
        series(
            1,
            &[(100, 10), (101, 20), (102, 30), (103, 0)],
            Metric::CpuNs,
        ),
        series(2, &[(101, 500)], Metric::CpuNs),
    ];
    let chart = draw(CPU, &grid(3), &all, &HashMap::new(), 5);
    assert_eq!(chart.mean, [Some(265), Some(15), None]);
    assert_eq!(chart.min, [Some(10), Some(0), None]);
    assert_eq!(chart.max, [Some(520), Some(30), None]);
    assert_eq!(
        chart
            .top
            .iter()
            .map(|one| (one.process, one.sum))
            .collect::<Vec<_>>(),
        [(Some(id(2)), 500), (Some(id(1)), 60)]
    );
    assert_eq!(chart.others, None);
}

#[test]
fn without_a_top_everything_is_others() {
    let chart = draw(
        CPU,
        &grid(6),
        &[series(1, &[(100, 10)], Metric::CpuNs)],
        &HashMap::new(),
        0,
    );
    assert_eq!((chart.top.len(), chart.others.unwrap().sum), (0, 10));
    let nothing = draw(CPU, &grid(6), &[], &HashMap::new(), 3);
    assert_eq!((nothing.mean, nothing.others), (vec![None; 6], None));
}

#[test]
fn memory_is_the_mean_of_those_that_lived() {
    let all = [
        series(1, &[(100, 40), (101, 40), (104, 10)], Metric::RssBytes),
        series(2, &[(102, 60)], Metric::RssBytes),
    ];
    let half = TimeRange {
        from_ns: 102 * S,
        to_ns: 102 * S + S / 2,
    };
    let stays = HashMap::from([(id(1), seconds(100, 105)), (id(2), half)]);
    let chart = draw(Measure::Memory, &grid(6), &all, &stays, 9);
    assert_eq!(
        chart.mean,
        [Some(40), Some(40), Some(70), Some(40), Some(10), None]
    );
    assert_eq!(
        chart.max,
        [Some(40), Some(40), Some(100), Some(40), Some(10), None]
    );
    assert_eq!(
        chart.min,
        [Some(40), Some(40), Some(40), Some(40), Some(10), None]
    );
    assert_eq!(
        chart.top[0].mean,
        [Some(40), Some(40), Some(40), Some(40), Some(10), None]
    );
    assert_eq!((chart.top[0].sum, chart.top[1].sum), (170, 30));
    assert_eq!(chart.top[1].mean, [None, None, Some(30), None, None, None]);
}

#[test]
fn two_hundred_processes_for_an_hour_of_seconds_are_drawn() {
    let points: Vec<(u64, u64)> = (0..3600)
        .map(|second| (7200 + second, 1000 + second))
        .collect();
    let all: Vec<Series> = (0..200)
        .map(|number| series(number, &points, Metric::CpuNs))
        .collect();
    let hour = Grid::new(
        Resolution::Second,
        TimeRange::EVER,
        seconds(7200, 10_800),
        600,
    );
    let chart = at_once(CPU, &hour, &all, &HashMap::new(), 10);
    let sum: u64 = points.iter().map(|(_, cpu)| cpu * 200).sum();
    assert_eq!(
        chart
            .mean
            .iter()
            .map(|rate| rate.unwrap() * 6)
            .sum::<u64>()
            .abs_diff(sum),
        0
    );
    assert_eq!(
        chart.top.iter().map(|one| one.sum).sum::<u64>() + chart.others.unwrap().sum,
        sum
    );
}

#[test]
fn who_sleeps_is_flat_and_not_a_gap() {
    let stays = HashMap::from([(id(1), seconds(50, 104)), (id(2), seconds(50, 106))]);
    let before = |rss_bytes: u64| {
        Some(Before {
            at_ns: 70 * S,
            metrics: Metrics::EMPTY
                .with(Metric::RssBytes, rss_bytes)
                .with(Metric::CpuNs, 1_000),
        })
    };
    let all = [
        Series {
            before: before(10),
            ..series(1, &[(102, 40)], Metric::CpuNs)
        },
        Series {
            before: before(20),
            ..series(2, &[], Metric::CpuNs)
        },
    ];
    let chart = draw(CPU, &grid(6), &all, &stays, 2);
    let zero = Some(0);
    assert_eq!(chart.mean, [zero, zero, Some(40), zero, zero, zero]);
    assert_eq!(
        chart.top[0].mean,
        [zero, zero, Some(40), zero, None, None],
        "it was gone by then"
    );
    let chart = draw(Measure::Memory, &grid(6), &all, &stays, 2);
    let (both, one) = (Some(30), Some(20));
    assert_eq!(chart.mean, [both, both, both, both, one, one]);
}

#[test]
fn sides_are_summed_by_themselves() {
    let point = |second: u64, read: Option<u64>, written: Option<u64>| {
        let mut usage = Metrics::EMPTY;
        for (metric, amount) in IO.into_iter().zip([read, written]) {
            amount
                .into_iter()
                .for_each(|amount| usage.set(metric, amount));
        }
        Point {
            bucket_ns: second * S,
            usage,
            max_rss_bytes: None,
            span_ns: S,
        }
    };
    let one = |number: u8, points: &[Point]| Series {
        process: id(number),
        before: None,
        points: points.to_vec(),
    };
    let all = [
        one(
            1,
            &[point(100, Some(1), Some(10)), point(101, Some(2), None)],
        ),
        // Its bytes read are told of two seconds at once.
        one(2, &[point(101, None, Some(30)), point(102, Some(8), None)]),
    ];
    let chart = draw(
        Measure::Flow(&IO),
        &grid(6),
        &all,
        &HashMap::from([(id(2), seconds(101, 103))]),
        1,
    );
    let none = None;
    assert_eq!(
        chart.sides,
        [
            [Some(1), Some(2), Some(8), none, none, none],
            [Some(10), Some(30), Some(0), none, none, none],
        ]
    );
    assert_eq!(chart.mean, [Some(11), Some(32), Some(8), none, none, none]);
    let of_one = draw(CPU, &grid(6), &[], &HashMap::new(), 1);
    assert_eq!(of_one.sides, Vec::<Curve>::new());
}
