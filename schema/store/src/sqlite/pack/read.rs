//! Unpacking: whole samples of some processes, or single columns.

use bc_schema::varint::take;
use bc_schema::{Metric, Metrics, Resolution};

use super::layout::Layout;
use super::sequence::{Even, Take, Taken};
use super::{
    HELD, HELD_BIT, KNOWN, MAXIMA, MAXIMA_BIT, METRICS, MOMENTS, OFFSETS, SECONDS, SECTIONS, TIMES,
    TOGETHER, WHO, rest,
};
use crate::cell::{Cell, First};
use crate::sqlite::block::Entry;
use crate::sqlite::error::Failure;

/// A pack, cut into its sections.
pub(crate) struct Pack<'a> {
    pub(super) minute_ns: u64,
    pub(super) who: Vec<Who>,
    pub(super) moments: Moments,
    pub(super) sections: [&'a [u8]; SECTIONS],
}

/// A process and epoch in a pack, with the number of its samples.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who {
    pub(crate) process: u64,
    pub(crate) epoch_ns: u64,
    pub(super) count: usize,
}

/// For each second of the minute, its first sample, ns since the minute began.
pub(super) type Moments = [Option<u64>; Resolution::Minute.seconds() as usize];

/// A column being read from one process to the next.
#[derive(Default)]
pub(super) struct Column<'a> {
    rest: &'a [u8],
    take: Take,
    pub(super) values: Vec<u64>,
    /// What they are, where they were read by [`Column::next_brief`] and grow evenly: then they do not stand in `values`.
    pub(super) even: Option<Even>,
}

impl<'a> Column<'a> {
    pub(super) fn next(&mut self, count: usize) -> Option<&[u64]> {
        self.take.take(count, &mut self.rest, &mut self.values)?;
        Some(&self.values)
    }

    pub(super) fn next_brief(&mut self, count: usize) -> Option<()> {
        let taken = self
            .take
            .take_brief(count, &mut self.rest, &mut self.values)?;
        self.even = match taken {
            Taken::Even(even) => Some(even),
            Taken::Each => None,
        };
        Some(())
    }

    /// The value at a place that was read.
    #[inline]
    pub(super) fn at(&self, place: usize) -> u64 {
        match self.even {
            Some(even) => even.at(place),
            None => self.values[place],
        }
    }

    /// Whether all that were read are this value.
    pub(super) fn is_all(&self, value: u64) -> bool {
        self.even == Some(Even::same(value))
    }
}

pub(super) const DAMAGED: Failure = Failure::Damaged("a pack of samples");

impl<'a> Pack<'a> {
    /// Cuts the bytes of a minute's pack into sections, and reads who is in it.
    pub(crate) fn read(minute: u64, bytes: &'a [u8]) -> Result<Self, Failure> {
        Self::cut(minute, bytes).ok_or(DAMAGED)
    }

    fn cut(minute: u64, bytes: &'a [u8]) -> Option<Self> {
        let layout = Layout::read(bytes)?;
        let mut sections: [&[u8]; SECTIONS] = [&[]; SECTIONS];
        for (section, slot) in sections.iter_mut().enumerate() {
            *slot = bytes.get(layout.range(section))?;
        }
        Self::of(minute, sections)
    }

    /// A pack of which these sections were read.
    pub(super) fn of(minute: u64, sections: [&'a [u8]; SECTIONS]) -> Option<Self> {
        let mut moments = [None; Resolution::Minute.seconds() as usize];
        let mut rest = sections[MOMENTS];
        while !rest.is_empty() {
            let second = usize::try_from(take(&mut rest)?).ok()?;
            *moments.get_mut(second)? = Some(take(&mut rest)?);
        }
        Some(Self {
            minute_ns: minute.wrapping_mul(Resolution::Minute.ns()),
            who: who(sections[WHO])?,
            moments,
            sections,
        })
    }

    pub(super) fn column(&self, section: usize) -> Column<'a> {
        Column {
            rest: self.sections[section],
            ..Column::default()
        }
    }

    /// Calls `each` with the samples of the processes wanted.
    pub(crate) fn entries(
        &self,
        wanted: impl Fn(u64) -> bool,
        mut each: impl FnMut(Entry) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut columns: Vec<Column<'_>> = (0..SECTIONS).map(|index| self.column(index)).collect();
        let mut cells = Vec::new();
        for who in &self.who {
            let known = advance(who, &mut columns).ok_or(DAMAGED)?;
            if !wanted(who.process) {
                continue;
            }
            self.cells(&known, &columns, &mut cells).ok_or(DAMAGED)?;
            for &cell in &cells {
                each(Entry {
                    process: who.process,
                    epoch_ns: who.epoch_ns,
                    cell,
                })?;
            }
        }
        Ok(())
    }

    #[inline]
    pub(super) fn moment(&self, second: u64) -> Option<u64> {
        *self.moments.get(usize::try_from(second).ok()?)?
    }

    /// When a second of the minute begins.
    #[inline]
    pub(super) fn second_ns(&self, second: u64) -> u64 {
        let since_ns = second.wrapping_mul(Resolution::Second.ns());
        self.minute_ns.wrapping_add(since_ns)
    }

    /// Joins what the columns say of one process to samples.
    fn cells(&self, known: &[u64], columns: &[Column<'_>], cells: &mut Vec<Cell>) -> Option<()> {
        cells.clear();
        let with_times = known.iter().all(|known| known & TIMES == TIMES);
        let mut taken = [0; SECTIONS];
        let mut so_far = 0;
        for (index, &known) in known.iter().enumerate() {
            let mut next = |section: usize| {
                let value = (known & bit(section) != 0)
                    .then(|| columns[section].values.get(taken[section]).copied())?;
                taken[section] += 1;
                value
            };
            let moment = self.moment(columns[SECONDS].values[index])?;
            let since_ns = moment.wrapping_add(columns[OFFSETS].values[index]);
            let at_ns = self.minute_ns.wrapping_add(since_ns);
            let held_ns = next(HELD).map_or(0, |before| at_ns.wrapping_sub(before));
            let mut metrics = Metrics::EMPTY;
            for &metric in Metric::ALL {
                if let Some(value) = next(METRICS + metric as usize) {
                    metrics.set(metric, value);
                }
            }
            let of = |metric| metrics.get(metric).unwrap_or(0);
            let rss_bytes = of(Metric::RssBytes);
            let peak_rss_bytes = of(Metric::PeakRssBytes);
            if with_times {
                let (cpu_ns, system_ns) = (of(Metric::CpuNs), of(Metric::SystemNs));
                let user_ns = rest(cpu_ns, system_ns, of(Metric::UserNs));
                metrics.set(Metric::UserNs, user_ns);
            }
            let mut max_rss_bytes = [0, 1, 2, 3].map(|index| next(MAXIMA + index));
            let add = |max: &mut Option<u64>, expected: u64| {
                *max = max.map(|max| max.wrapping_add(expected));
            };
            add(&mut max_rss_bytes[0], rss_bytes);
            let expected = max_rss_bytes[0].unwrap_or(0).max(so_far);
            add(&mut max_rss_bytes[1], expected);
            add(&mut max_rss_bytes[2], peak_rss_bytes);
            let expected = max_rss_bytes[2].unwrap_or(0);
            add(&mut max_rss_bytes[3], expected);
            so_far = max_rss_bytes[1].unwrap_or(0);
            cells.push(Cell {
                at_ns,
                metrics,
                max_rss_bytes,
                first: First { at_ns, held_ns },
            });
        }
        Some(())
    }
}

/// Reads the next process's values in all columns; gives what is known in each of its samples.
fn advance(who: &Who, columns: &mut [Column<'_>]) -> Option<Vec<u64>> {
    columns[SECONDS].next(who.count)?;
    columns[OFFSETS].next(who.count)?;
    let known = columns[KNOWN].next(who.count)?.to_vec();
    for (index, column) in columns.iter_mut().enumerate().skip(HELD) {
        let bit = bit(index);
        let count = known.iter().filter(|&known| known & bit != 0).count();
        column.next(count)?;
    }
    Some(known)
}

/// Who is in a pack, by the section that says so.
pub(super) fn who(mut bytes: &[u8]) -> Option<Vec<Who>> {
    let mut all = Vec::new();
    let mut process = 0u64;
    while !bytes.is_empty() {
        process = process.checked_add(take(&mut bytes)?)?;
        let epoch_ns = take(&mut bytes)?;
        let count = usize::try_from(take(&mut bytes)?).ok()?;
        if count == 0 || count > TOGETHER {
            return None;
        }
        all.push(Who {
            process,
            epoch_ns,
            count,
        });
    }
    Some(all)
}

/// The bit of the column `KNOWN` that says whether a section has a value.
pub(super) fn bit(section: usize) -> u64 {
    1 << match section {
        HELD => HELD_BIT,
        MAXIMA..METRICS => MAXIMA_BIT + (section - MAXIMA) as u32,
        _ => (section - METRICS) as u32,
    }
}
