//! Curves column by column: for who draws many processes and needs few of the things measured.
//!
//! They say what [`Series`] say, in runs that are handed over as they are read, so that nobody holds all of them at once.

mod values;

pub use values::{Column, Values};

use super::{Before, Point, Series, SeriesQuery};
use crate::metric::{Metric, Metrics};
use crate::process_id::ProcessId;

/// Which columns of which curves.
#[derive(Debug, Clone)]
pub struct ColumnQuery {
    /// Which curves.
    pub series: SeriesQuery,
    /// What of each bucket's usage.
    pub metrics: Vec<Metric>,
    /// Whether the highest RSS of each bucket is wanted.
    pub max_rss: bool,
}

/// Buckets that follow each other, column by column: as many values in each.
#[derive(Debug, Default)]
pub struct Columns {
    /// Starts of the buckets, ns since the epoch, each later than the one before.
    pub bucket_ns: Vec<u64>,
    /// See [`Point::span_ns`].
    pub span_ns: Vec<u64>,
    /// For each metric asked for, in that order, see [`Point::usage`].
    pub usage: Vec<Column>,
    /// See [`Point::max_rss_bytes`]; empty where it is not asked for.
    pub max_rss_bytes: Column,
}

/// Some buckets of one process, later than those of its runs before.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// Whose.
    pub process: ProcessId,
    /// See [`Series::before`]. Told with a process's first run alone, which may have no buckets.
    pub before: Option<Before>,
    columns: &'a Columns,
    first: usize,
}

/// Takes run after run: those of one process in order of time, those of several as they come.
pub type EachRun<'a> = dyn FnMut(Run<'_>) + Send + 'a;

impl<'a> Run<'a> {
    /// Everything in these columns.
    pub fn new(process: ProcessId, before: Option<Before>, columns: &'a Columns) -> Self {
        Self {
            process,
            before,
            columns,
            first: 0,
        }
    }

    /// Without the buckets that begin before an instant.
    #[must_use]
    pub fn from(self, from_ns: u64) -> Self {
        let earlier = self
            .bucket_ns()
            .partition_point(|&bucket_ns| bucket_ns < from_ns);
        Self {
            first: self.first + earlier,
            ..self
        }
    }

    /// Starts of the buckets, ns since the epoch.
    #[inline]
    pub fn bucket_ns(&self) -> &'a [u64] {
        &self.columns.bucket_ns[self.first..]
    }

    /// See [`Point::span_ns`].
    #[inline]
    pub fn span_ns(&self) -> &'a [u64] {
        &self.columns.span_ns[self.first..]
    }

    /// The column of the metric that was asked for at this place.
    #[inline]
    pub fn usage(&self, place: usize) -> Values<'a> {
        self.columns.usage[place].from(self.first)
    }

    /// See [`Point::max_rss_bytes`]; empty where it was not asked for.
    #[inline]
    pub fn max_rss_bytes(&self) -> Values<'a> {
        self.columns.max_rss_bytes.from(self.first)
    }

    /// The buckets one by one. They know of the `metrics` that were asked for and of no others.
    pub fn points(self, metrics: &[Metric]) -> impl Iterator<Item = Point> {
        let highest = self.max_rss_bytes();
        (0..self.bucket_ns().len()).map(move |index| {
            let mut usage = Metrics::EMPTY;
            for (place, &metric) in metrics.iter().enumerate() {
                if let Some(value) = self.usage(place).get(index) {
                    usage.set(metric, value);
                }
            }
            Point {
                bucket_ns: self.bucket_ns()[index],
                usage,
                max_rss_bytes: highest.get(index),
                span_ns: self.span_ns()[index],
            }
        })
    }
}

impl Columns {
    /// Columns for what is asked, without values yet.
    pub fn of(query: &ColumnQuery) -> Self {
        Self {
            usage: vec![Column::default(); query.metrics.len()],
            ..Self::default()
        }
    }

    /// Lets go of all values.
    pub fn clear(&mut self) {
        self.bucket_ns.clear();
        self.span_ns.clear();
        self.usage.iter_mut().for_each(Column::clear);
        self.max_rss_bytes.clear();
    }

    /// Puts what is asked of a point at the end.
    pub fn push(&mut self, query: &ColumnQuery, point: &Point) {
        self.bucket_ns.push(point.bucket_ns);
        self.span_ns.push(point.span_ns);
        for (&metric, column) in query.metrics.iter().zip(&mut self.usage) {
            column.push(point.usage.get(metric));
        }
        if query.max_rss {
            self.max_rss_bytes.push(point.max_rss_bytes);
        }
    }
}

/// Hands over what was read row by row.
pub(super) fn transpose(query: &ColumnQuery, rows: &[Series], each: &mut EachRun<'_>) {
    let mut columns = Columns::of(query);
    for series in rows {
        columns.clear();
        for point in &series.points {
            columns.push(query, point);
        }
        each(Run::new(series.process, series.before, &columns));
    }
}
