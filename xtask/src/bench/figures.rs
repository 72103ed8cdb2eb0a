//! Arithmetic on measurements: medians, and a fixed cost and a slope through points. Pure.

use serde::Serialize;

/// A cost as a straight line over the number of processes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Line {
    /// At no process at all.
    pub(super) fixed_ns: f64,
    /// For each process.
    pub(super) slope_ns: f64,
}

/// The line through points (processes, ns) with the least squares of errors; none where fewer than two numbers of processes were measured.
pub(super) fn fit(points: &[(u64, f64)]) -> Option<Line> {
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| *x as f64).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let (mut square, mut product) = (0.0, 0.0);
    for (x, y) in points {
        let dx = *x as f64 - mean_x;
        square += dx * dx;
        product += dx * (y - mean_y);
    }
    if points.is_empty() || square == 0.0 {
        return None;
    }
    let slope_ns = product / square;
    Some(Line {
        fixed_ns: mean_y - slope_ns * mean_x,
        slope_ns,
    })
}

/// The middle of some values, and the least and the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Spread {
    /// Half of the values are below.
    pub(super) median: f64,
    /// The least.
    pub(super) min: f64,
    /// The greatest.
    pub(super) max: f64,
}

/// The spread of some values; none where there is no value.
pub(super) fn spread(values: impl IntoIterator<Item = f64>) -> Option<Spread> {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    let median = f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    Some(Spread { median, min, max })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_again() {
        let points = [0, 100, 1_000, 5_000].map(|x| (x, 1_500.0 + 0.8 * x as f64));
        let line = fit(&points).expect("four points make a line");
        assert!(
            (line.fixed_ns - 1_500.0).abs() < 1e-6 && (line.slope_ns - 0.8).abs() < 1e-9,
            "{line:?}"
        );
    }

    #[test]
    fn errors_are_balanced() {
        // By hand: mean (1, 2), slope 1/2 · (1·1 + 1·1) = 1, through the mean.
        let line = fit(&[(0, 1.0), (1, 2.0), (2, 3.0), (1, 5.0), (1, -1.0)]);
        assert_eq!(
            line,
            Some(Line {
                fixed_ns: 1.0,
                slope_ns: 1.0
            })
        );
    }

    #[test]
    fn one_size_makes_no_line() {
        assert_eq!(fit(&[]), None);
        assert_eq!(fit(&[(100, 1.0), (100, 2.0)]), None);
    }

    #[test]
    fn the_median_does_not_mind_one_slow_round() {
        let odd = spread([3.0, 100.0, 1.0]).expect("three values");
        assert_eq!((odd.median, odd.min, odd.max), (3.0, 1.0, 100.0));
        assert_eq!(spread([4.0, 2.0]).map(|spread| spread.median), Some(3.0));
        assert_eq!(spread([]), None);
    }
}
