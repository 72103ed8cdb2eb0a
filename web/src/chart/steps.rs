//! Which step each bucket of a grid lies in: worked out once, because dividing costs more than what is added up.

use std::ops::Range;

/// The steps of a grid.
#[derive(Debug)]
pub(crate) struct Steps {
    /// That of each bucket.
    of: Vec<u32>,
    /// Buckets in a step.
    joined: usize,
    /// Buckets of the first step that lie before the grid; fewer than are in a step.
    lead: usize,
}

impl Steps {
    pub(super) fn new(of: Vec<u32>, joined: usize, lead: usize) -> Self {
        Self { of, joined, lead }
    }

    /// The step of a bucket.
    #[inline]
    pub(crate) fn of(&self, bucket: usize) -> u32 {
        self.of[bucket]
    }

    /// Those of all buckets.
    pub(crate) fn all(&self) -> &[u32] {
        &self.of
    }

    /// The first and the last step that buckets lie in; `None`: there are no buckets.
    #[inline]
    pub(crate) fn ends(&self, buckets: &Range<usize>) -> Option<(u32, u32)> {
        let of = &self.of[buckets.clone()];
        Some((*of.first()?, *of.last()?))
    }

    /// Cuts buckets at the edges of steps: each step, and those of them that lie in it.
    #[inline]
    pub(crate) fn cut(&self, buckets: Range<usize>) -> impl Iterator<Item = (u32, Range<usize>)> {
        let (mut from, mut step) = (buckets.start, 0);
        let mut edge = buckets.start;
        if !buckets.is_empty() {
            step = self.of[buckets.start];
            edge = (step as usize + 1) * self.joined - self.lead;
        }
        std::iter::from_fn(move || {
            if from >= buckets.end {
                return None;
            }
            let within = (step, from..edge.min(buckets.end));
            (step, from, edge) = (step + 1, edge, edge.saturating_add(self.joined));
            Some(within)
        })
    }
}

#[cfg(test)]
mod tests {
    use bc_schema::resolution::SECOND_NS;
    use bc_schema::{Resolution, TimeRange};

    use crate::chart::grid::Grid;

    #[test]
    fn buckets_are_cut_at_the_edges_of_steps() {
        for from in 0..8 {
            let recorded = TimeRange {
                from_ns: (7200 + from) * SECOND_NS,
                to_ns: 7250 * SECOND_NS,
            };
            let grid = Grid::new(Resolution::Second, TimeRange::EVER, recorded, 9);
            let steps = grid.cut();
            for (first, end) in [(0, grid.buckets), (3, 3), (5, 6), (2, 17)] {
                let cut = || steps.cut(first..end);
                let all: Vec<_> = cut()
                    .flat_map(|(step, buckets)| buckets.map(move |bucket| (bucket, step as usize)))
                    .collect();
                let expected: Vec<_> = (first..end).map(|at| (at, grid.step_of(at))).collect();
                assert_eq!(all, expected);
                let ends = cut().next().zip(cut().last());
                let ends = ends.map(|((from, _), (to, _))| (from, to));
                assert_eq!(steps.ends(&(first..end)), ends);
                assert!(cut().is_sorted_by(|(a, _), (b, _)| a < b), "each step once");
            }
            assert_eq!(steps.all().len(), grid.buckets);
        }
    }
}
