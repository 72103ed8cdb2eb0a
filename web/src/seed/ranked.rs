//! Rows per process, those with the largest sums only, as one JSON object in that order.

use std::cmp::Reverse;

use bc_schema::resolution::SECOND_NS;
use bc_schema::store::Point;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::asked::Buckets;

/// `{"<key>": [row, …], …}`.
#[derive(Debug)]
pub(crate) struct Ranked<R>(pub(crate) Vec<(String, Vec<R>)>);

impl<R: Serialize> Serialize for Ranked<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, rows) in &self.0 {
            map.serialize_entry(key, rows)?;
        }
        map.end()
    }
}

/// The rows of the `top` processes by the sum of `weight`, under their pids. `row` makes a row of a process's number, a bucket's
/// start (whole seconds since the epoch) and the bucket; `None`: nothing is known there.
pub(crate) fn by_process<R>(
    buckets: &Buckets,
    top: usize,
    row: impl Fn(u64, u64, &Point) -> Option<R>,
    weight: impl Fn(&R) -> u64,
) -> Ranked<R> {
    let mut all: Vec<(u128, u64, Vec<R>)> = Vec::new();
    for one in &buckets.series {
        let Some(pid) = buckets.pids.get(one.process) else {
            continue;
        };
        let rows: Vec<R> = one
            .points
            .iter()
            .filter_map(|point| row(pid, point.bucket_ns / SECOND_NS, point))
            .collect();
        if !rows.is_empty() {
            all.push((
                rows.iter().map(|row| u128::from(weight(row))).sum(),
                pid,
                rows,
            ));
        }
    }
    all.sort_by_key(|(sum, pid, _)| (Reverse(*sum), *pid));
    all.truncate(top);
    Ranked(
        all.into_iter()
            .map(|(_, pid, rows)| (pid.to_string(), rows))
            .collect(),
    )
}
