//! From totals to what was used: each process's lane remembers what its totals stood at last, and its buckets become runs.

use bc_schema::store::{Before, Column, ColumnQuery, Columns, EachRun, Run, Values};
use bc_schema::usage::{self, Base, BucketEnd};
use bc_schema::{MetricKind, Metrics, ProcessStart, Resolution};
use rustc_hash::FxHashMap;

use crate::cell::Cell;
use crate::facts;
use crate::sqlite::answers::series::{self, Account, OfBucket};
use crate::sqlite::block::Entry;
use crate::sqlite::pack::Strip;

/// The processes of one life, in the order of their numbers.
pub(super) struct Lanes<'a> {
    query: &'a ColumnQuery,
    lanes: Vec<Lane>,
    /// Where the last one was found: they mostly come in order.
    latest: usize,
    bases: FxHashMap<Account, Cell>,
    columns: Columns,
    /// How many buckets wait in all lanes.
    waiting: usize,
    each: &'a mut EachRun<'a>,
}

struct Lane {
    process: u64,
    start: ProcessStart,
    /// What the totals of each epoch stood at last.
    last: Vec<Base>,
    /// Buckets that came one by one and are not handed over yet.
    waiting: Columns,
}

/// So many buckets of all lanes may wait.
const WAITING: usize = 1 << 16;

impl Lane {
    /// The place of an epoch in `last`.
    fn last(&mut self, epoch_ns: u64, bases: &FxHashMap<Account, Cell>) -> usize {
        let known = self.last.iter().position(|last| last.epoch_ns == epoch_ns);
        known.unwrap_or_else(|| {
            let base = series::base(&self.start, epoch_ns, bases.get(&(self.process, epoch_ns)));
            self.last.push(base.unwrap_or_else(|| Base {
                epoch_ns,
                at_ns: facts::account_began_ns(&self.start).max(epoch_ns),
                metrics: Metrics::EMPTY,
            }));
            self.last.len() - 1
        })
    }

    fn hand_over(&mut self, each: &mut EachRun<'_>) {
        if !self.waiting.bucket_ns.is_empty() {
            each(Run::new(self.start.process, None, &self.waiting));
            self.waiting.clear();
        }
    }
}

/// What was used between totals that follow each other; `before` is the one before the first.
fn differences(mut before: u64, totals: Values<'_>, used: &mut Column) {
    if totals.are_unknown() {
        return used.fill(None, totals.len());
    }
    let Some(known) = totals.if_known() else {
        for total in totals.iter() {
            used.push(total.map(|total| total.saturating_sub(before)));
            before = total.unwrap_or(0);
        }
        return;
    };
    let first = known.first().map(|first| first.saturating_sub(before));
    let rest = known.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
    used.extend_known(first.into_iter().chain(rest));
}

impl<'a> Lanes<'a> {
    /// Lanes of processes that began so; `bases` are the last samples before what is to come.
    pub(super) fn new(
        query: &'a ColumnQuery,
        starts: Vec<(u64, ProcessStart)>,
        bases: FxHashMap<Account, Cell>,
        each: &'a mut EachRun<'_>,
    ) -> Self {
        let lane = |(process, start)| Lane {
            process,
            start,
            last: Vec::new(),
            waiting: Columns::of(query),
        };
        Self {
            query,
            lanes: starts.into_iter().map(lane).collect(),
            latest: 0,
            bases,
            columns: Columns::of(query),
            waiting: 0,
            each,
        }
    }

    /// The place of a process; `None`: it has no account here.
    fn find(&mut self, process: u64) -> Option<usize> {
        let at = |place: usize| {
            self.lanes
                .get(place)
                .is_some_and(|lane| lane.process == process)
        };
        let near = [self.latest + 1, self.latest]
            .into_iter()
            .find(|&place| at(place));
        let place = near.or_else(|| {
            self.lanes
                .binary_search_by_key(&process, |lane| lane.process)
                .ok()
        })?;
        self.latest = place;
        Some(place)
    }

    /// Tells how a process was before its first bucket.
    pub(super) fn begin(&mut self, process: u64, before: Before) {
        self.columns.clear();
        if let Some(place) = self.find(process) {
            let id = self.lanes[place].start.process;
            (self.each)(Run::new(id, Some(before), &self.columns));
        }
    }

    /// Tells seconds of one epoch.
    pub(super) fn strip(&mut self, process: u64, epoch_ns: u64, strip: &mut Strip) {
        let Some(place) = self.find(process) else {
            return;
        };
        let (Some(&last_ns), lane) = (strip.at_ns.last(), &mut self.lanes[place]) else {
            return;
        };
        let epoch = lane.last(epoch_ns, &self.bases);
        let last = &mut lane.last[epoch];
        let columns = &mut self.columns;
        columns.clear();
        strip.spans(last.at_ns, &mut columns.span_ns);
        std::mem::swap(&mut columns.bucket_ns, &mut strip.second_ns);
        let mut metrics = Metrics::EMPTY;
        for ((&metric, totals), used) in self
            .query
            .metrics
            .iter()
            .zip(&mut strip.values)
            .zip(&mut columns.usage)
        {
            if let Some(total) = totals.all().last() {
                metrics.set(metric, total);
            }
            if metric.kind() == MetricKind::Total {
                differences(last.metrics.get(metric).unwrap_or(0), totals.all(), used);
            } else {
                std::mem::swap(used, totals);
            }
        }
        std::mem::swap(&mut columns.max_rss_bytes, &mut strip.max_rss_bytes);
        (last.at_ns, last.metrics) = (last_ns, metrics);
        (self.each)(Run::new(lane.start.process, None, columns));
    }

    /// Tells the only cell of a process in one bucket. It is handed over with those after it.
    pub(super) fn cell(&mut self, entry: &Entry, resolution: Resolution) {
        let Some(place) = self.find(entry.process) else {
            return;
        };
        let lane = &mut self.lanes[place];
        let epoch = lane.last(entry.epoch_ns, &self.bases);
        let (last, columns) = (&mut lane.last[epoch], &mut lane.waiting);
        let cell = &entry.cell;
        let since_ns = last.at_ns.max(cell.first.held_ns);
        columns.bucket_ns.push(resolution.bucket_ns(cell.at_ns));
        columns.span_ns.push(cell.at_ns.saturating_sub(since_ns));
        for (&metric, used) in self.query.metrics.iter().zip(&mut columns.usage) {
            let before = match metric.kind() {
                MetricKind::Total => last.metrics.get(metric).unwrap_or(0),
                MetricKind::Gauge | MetricKind::Peak => 0,
            };
            let now = cell.metrics.get(metric);
            used.push(now.map(|now| now.saturating_sub(before)));
        }
        if self.query.max_rss {
            let highest = cell.max_rss_bytes[resolution as usize];
            columns.max_rss_bytes.push(highest);
        }
        (last.at_ns, last.metrics) = (cell.at_ns, cell.metrics);
        self.waiting += 1;
        if self.waiting >= WAITING {
            self.finish();
        }
    }

    /// Hands over all that waits.
    pub(super) fn finish(&mut self) {
        for lane in &mut self.lanes {
            lane.hand_over(self.each);
        }
        self.waiting = 0;
    }

    /// Tells buckets of a process of which several cells or epochs may tell.
    pub(super) fn rows(
        &mut self,
        process: u64,
        mut buckets: Vec<OfBucket>,
        resolution: Resolution,
    ) {
        let Some(place) = self.find(process) else {
            return;
        };
        series::settle(&mut buckets);
        let lane = &mut self.lanes[place];
        lane.hand_over(self.each);
        for of_epoch in buckets.chunk_by(|a, b| a.0 == b.0) {
            lane.last(of_epoch[0].0, &self.bases);
        }
        let ends: Vec<BucketEnd> = buckets
            .iter()
            .map(|(epoch_ns, _, cell)| cell.bucket_end(*epoch_ns, resolution))
            .collect();
        let began_ns = facts::account_began_ns(&lane.start);
        self.columns.clear();
        for point in usage::points(ends, &lane.last, began_ns) {
            self.columns.push(self.query, &point);
        }
        for (epoch_ns, _, cell) in &buckets {
            let epoch = lane.last(*epoch_ns, &self.bases);
            let last = &mut lane.last[epoch];
            (last.at_ns, last.metrics) = (cell.at_ns, cell.metrics);
        }
        (self.each)(Run::new(lane.start.process, None, &self.columns));
    }
}
