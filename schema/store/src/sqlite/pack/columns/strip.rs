//! The samples of one process in one pack, column by column.

use bc_schema::store;
use bc_schema::{Metric, Resolution};

use super::{Known, Wanted};
use crate::sqlite::pack::read::{Column, Pack, bit};
use crate::sqlite::pack::sequence::Even;
use crate::sqlite::pack::{HELD, MAXIMA, METRICS, OFFSETS, SECONDS, TIMES, rest};

/// The samples of one process and epoch, in columns.
#[derive(Debug, Default)]
pub(crate) struct Strip {
    /// When each sample's second begins.
    pub(crate) second_ns: Vec<u64>,
    pub(crate) at_ns: Vec<u64>,
    /// Until when the sample before still held; 0: it does not say.
    held_ns: Vec<u64>,
    /// A column for each metric wanted.
    pub(crate) values: Vec<store::Column>,
    /// The highest RSS in each sample's second, where that is wanted.
    pub(crate) max_rss_bytes: store::Column,
    /// A column that another one is made from.
    spread: store::Column,
    walks: Walks,
    /// Whether there is a sample of every walk, and nothing else.
    is_of_all_walks: bool,
}

/// The times of the samples of a process that was sampled in every second that anybody was, as most are.
#[derive(Debug, Default)]
struct Walks {
    seconds: Vec<u64>,
    second_ns: Vec<u64>,
    at_ns: Vec<u64>,
    /// From the one before.
    span_ns: Vec<u64>,
}

impl Walks {
    fn of(&mut self, pack: &Pack<'_>) {
        self.seconds.clear();
        self.second_ns.clear();
        self.at_ns.clear();
        self.span_ns.clear();
        for (second, moment) in (0..).zip(&pack.moments) {
            let Some(moment) = *moment else { continue };
            let at_ns = pack.minute_ns.wrapping_add(moment);
            let before_ns = self.at_ns.last().copied().unwrap_or(0);
            self.seconds.push(second);
            self.second_ns.push(pack.second_ns(second));
            self.at_ns.push(at_ns);
            self.span_ns.push(at_ns.saturating_sub(before_ns));
        }
    }

    /// Whether these are the seconds of all of them.
    fn are_at(&self, seconds: &Column<'_>, count: usize) -> bool {
        let (Some(&first), Some(&last)) = (self.seconds.first(), self.seconds.last()) else {
            return false;
        };
        match seconds.even {
            // They are in order, each once: as many as that, and no more than that apart.
            Some(even) => {
                even == Even { first, step: 1 }
                    && count == self.seconds.len()
                    && last - first + 1 == count as u64
            }
            None => seconds.values == self.seconds,
        }
    }
}

impl Strip {
    /// Strips of what is wanted.
    pub(crate) fn of(wanted: &Wanted) -> Self {
        Self {
            values: vec![store::Column::default(); wanted.metrics.len()],
            ..Self::default()
        }
    }

    /// Before the first process of a pack.
    pub(super) fn begin(&mut self, pack: &Pack<'_>) {
        self.walks.of(pack);
    }

    /// Takes the samples of a process, of which `columns` hold the values.
    pub(super) fn fill(
        &mut self,
        pack: &Pack<'_>,
        wanted: &Wanted,
        known: &Known,
        columns: &[Column<'_>],
    ) -> Option<()> {
        self.tell_times(pack, known, columns)?;
        for (&metric, values) in wanted.metrics.iter().zip(&mut self.values) {
            known.spread(METRICS + metric as usize, columns, values);
            if metric == Metric::UserNs && known.all & TIMES == TIMES {
                let of = |metric: Metric| &columns[METRICS + metric as usize];
                let (cpu, system) = (of(Metric::CpuNs), of(Metric::SystemNs));
                for index in 0..known.samples {
                    let user = values.all().get(index);
                    let user = user.map(|user| rest(cpu.at(index), system.at(index), user));
                    values.set(index, user);
                }
            }
        }
        self.max_rss_bytes.clear();
        if wanted.max_rss {
            self.tell_max_rss(known, columns);
        }
        self.join();
        Some(())
    }

    fn tell_times(&mut self, pack: &Pack<'_>, known: &Known, columns: &[Column<'_>]) -> Option<()> {
        let (seconds, offsets) = (&columns[SECONDS], &columns[OFFSETS]);
        let says_held = known.any & bit(HELD) != 0;
        self.is_of_all_walks =
            !says_held && offsets.is_all(0) && self.walks.are_at(seconds, known.samples);
        self.held_ns.clear();
        if self.is_of_all_walks {
            self.second_ns.clone_from(&self.walks.second_ns);
            self.at_ns.clone_from(&self.walks.at_ns);
            self.held_ns.resize(known.samples, 0);
            return Some(());
        }
        self.second_ns.clear();
        self.at_ns.clear();
        for index in 0..known.samples {
            let second = seconds.at(index);
            let since_ns = pack.moment(second)?.wrapping_add(offsets.at(index));
            self.second_ns.push(pack.second_ns(second));
            self.at_ns.push(pack.minute_ns.wrapping_add(since_ns));
        }
        known.spread(HELD, columns, &mut self.spread);
        let held = self.spread.all().iter().zip(&self.at_ns);
        let held =
            held.map(|(before, at_ns)| before.map_or(0, |before| at_ns.wrapping_sub(before)));
        self.held_ns.extend(held);
        Some(())
    }

    /// The highest stands as its distance from the level.
    fn tell_max_rss(&mut self, known: &Known, columns: &[Column<'_>]) {
        let rss = METRICS + Metric::RssBytes as usize;
        known.spread(MAXIMA, columns, &mut self.max_rss_bytes);
        known.spread(rss, columns, &mut self.spread);
        let is_the_level = columns[MAXIMA].is_all(0);
        if is_the_level && known.of_all(MAXIMA) && known.of_all(rss) {
            return std::mem::swap(&mut self.max_rss_bytes, &mut self.spread);
        }
        for (index, level) in self.spread.all().iter().enumerate() {
            let above = self.max_rss_bytes.all().get(index);
            let highest = above.map(|above| above.wrapping_add(level.unwrap_or(0)));
            self.max_rss_bytes.set(index, highest);
        }
    }

    /// Appends the time that each sample tells of: since the one before, or since that held. `since_ns` is when the one before the first was.
    pub(crate) fn spans(&self, since_ns: u64, out: &mut Vec<u64>) {
        if self.is_of_all_walks {
            let begin = out.len();
            out.extend_from_slice(&self.walks.span_ns);
            if let (Some(first), Some(at_ns)) = (out.get_mut(begin), self.at_ns.first()) {
                *first = at_ns.saturating_sub(since_ns);
            }
            return;
        }
        let mut since_ns = since_ns;
        for (&at_ns, &held_ns) in self.at_ns.iter().zip(&self.held_ns) {
            out.push(at_ns.saturating_sub(since_ns.max(held_ns)));
            since_ns = at_ns;
        }
    }

    /// Joins the samples of each second to what the second is: the last one stands, and says until when what was before the first held.
    fn join(&mut self) {
        if self.is_of_all_walks || self.second_ns.is_sorted_by(|a, b| a < b) {
            return;
        }
        let mut kept = 0;
        for index in 1..self.at_ns.len() {
            let same = self.second_ns[index] == self.second_ns[kept];
            let mut highest = self.max_rss_bytes.all().get(index);
            if same {
                highest = highest.max(self.max_rss_bytes.all().get(kept));
            } else {
                kept += 1;
                self.second_ns[kept] = self.second_ns[index];
                self.held_ns[kept] = self.held_ns[index];
            }
            if !self.max_rss_bytes.is_empty() {
                self.max_rss_bytes.set(kept, highest);
            }
            self.at_ns[kept] = self.at_ns[index];
            for values in &mut self.values {
                values.set(kept, values.all().get(index));
            }
        }
        self.keep(0..kept + 1);
    }

    /// Lets go of all samples but those of seconds from `from` on and before `to`.
    pub(crate) fn within(&mut self, from: u64, to: u64) {
        let before = |second: u64| {
            let to_ns = second.saturating_mul(Resolution::Second.ns());
            self.second_ns.partition_point(|&at_ns| at_ns < to_ns)
        };
        let (begin, end) = (before(from), before(to));
        if (begin, end) != (0, self.at_ns.len()) {
            self.keep(begin..end.max(begin));
        }
    }

    fn keep(&mut self, samples: std::ops::Range<usize>) {
        fn keep(column: &mut Vec<u64>, samples: &std::ops::Range<usize>) {
            column.truncate(samples.end);
            column.drain(..samples.start.min(column.len()));
        }
        self.is_of_all_walks = false;
        keep(&mut self.second_ns, &samples);
        keep(&mut self.at_ns, &samples);
        keep(&mut self.held_ns, &samples);
        self.max_rss_bytes.keep(samples.clone());
        for values in &mut self.values {
            values.keep(samples.clone());
        }
    }
}
