//! Rows per process, those with the largest sums only, as one JSON object in that order.

use std::cmp::Reverse;
use std::collections::HashMap;

use serde::ser::{Serialize, SerializeMap, Serializer};

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

/// The `top` keys by the sum of `weight` over their rows, largest first.
pub(crate) fn rank<R>(
    rows: HashMap<u64, Vec<R>>,
    top: usize,
    weight: impl Fn(&R) -> u64,
) -> Vec<(u64, Vec<R>)> {
    let sum = |rows: &[R]| rows.iter().map(|row| u128::from(weight(row))).sum::<u128>();
    let mut all: Vec<_> = rows
        .into_iter()
        .map(|(key, rows)| (sum(&rows), key, rows))
        .collect();
    all.sort_unstable_by_key(|(sum, key, _)| (Reverse(*sum), *key));
    all.truncate(top);
    all.into_iter().map(|(_, key, rows)| (key, rows)).collect()
}

impl<R> From<Vec<(u64, Vec<R>)>> for Ranked<R> {
    fn from(ranked: Vec<(u64, Vec<R>)>) -> Self {
        Self(
            ranked
                .into_iter()
                .map(|(key, rows)| (key.to_string(), rows))
                .collect(),
        )
    }
}
