//! Single columns of a pack: only the sections that they need are read from the file, and nothing is joined to samples.

use bc_schema::{Metric, Resolution};

use super::layout::{HEADER, Layout};
use super::read::{Column, DAMAGED, Pack, Who, bit, who};
use super::{HELD, KNOWN, MAXIMA, METRICS, OFFSETS, SECONDS, SECTIONS, TIMES, WHO, rest};
use crate::sqlite::error::Failure;

/// Fills a buffer with what stands at a place of a pack.
pub(crate) type ReadPlace<'a> = dyn FnMut(usize, &mut [u8]) -> Result<(), Failure> + 'a;

/// What is wanted of each sample, besides its time.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    metrics: Vec<Metric>,
    max_rss: bool,
    /// The sections to be read behind those of the times.
    sections: Vec<usize>,
}

/// The samples of one process and epoch, in columns.
#[derive(Debug, Default)]
pub(crate) struct Strip {
    /// When each sample's second begins.
    pub(crate) second_ns: Vec<u64>,
    pub(crate) at_ns: Vec<u64>,
    /// Until when the sample before still held; 0: it does not say.
    pub(crate) held_ns: Vec<u64>,
    /// A column for each metric wanted.
    pub(crate) values: Vec<Vec<Option<u64>>>,
    /// The highest RSS in each sample's second, where that is wanted.
    pub(crate) max_rss_bytes: Vec<Option<u64>>,
    /// A column that another one is made from.
    spread: Vec<Option<u64>>,
}

/// Sections of a pack, read one by one.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    bytes: Vec<u8>,
    places: [std::ops::Range<usize>; SECTIONS],
}

impl Wanted {
    pub(crate) fn new(metrics: &[Metric], max_rss: bool) -> Self {
        let mut sections: Vec<usize> = metrics
            .iter()
            .map(|&metric| METRICS + metric as usize)
            .collect();
        // User time is told by the other two.
        if metrics.contains(&Metric::UserNs) {
            sections.extend([Metric::CpuNs, Metric::SystemNs].map(|of| METRICS + of as usize));
        }
        if max_rss {
            sections.extend([MAXIMA, METRICS + Metric::RssBytes as usize]);
        }
        sections.sort_unstable();
        sections.dedup();
        Self {
            metrics: metrics.to_vec(),
            max_rss,
            sections,
        }
    }
}

impl Opened {
    /// Reads who is in a pack, and no more. `read` fills a buffer with what stands at a place of the pack, which has `length` bytes.
    pub(crate) fn who(
        &mut self,
        length: usize,
        read: &mut ReadPlace<'_>,
    ) -> Result<Vec<Who>, Failure> {
        let layout = self.layout(length, read)?;
        self.add(&layout, WHO..WHO + 1, length, read)?;
        who(&self.bytes[self.places[WHO].clone()]).ok_or(DAMAGED)
    }

    /// Reads the sections that are needed for what is wanted.
    pub(crate) fn read(
        &mut self,
        wanted: &Wanted,
        length: usize,
        read: &mut ReadPlace<'_>,
    ) -> Result<(), Failure> {
        let layout = self.layout(length, read)?;
        self.add(&layout, WHO..MAXIMA, length, read)?;
        for &section in &wanted.sections {
            self.add(&layout, section..section + 1, length, read)?;
        }
        Ok(())
    }

    fn layout(&mut self, length: usize, read: &mut ReadPlace<'_>) -> Result<Layout, Failure> {
        self.bytes.clear();
        self.places = [const { 0..0 }; SECTIONS];
        let mut header = [0; HEADER];
        let header = &mut header[..length.min(HEADER)];
        read(0, header)?;
        Layout::read(header).ok_or(DAMAGED)
    }

    /// Reads sections that follow each other.
    fn add(
        &mut self,
        layout: &Layout,
        sections: std::ops::Range<usize>,
        length: usize,
        read: &mut ReadPlace<'_>,
    ) -> Result<(), Failure> {
        let from = layout.range(sections.start).start;
        let to = layout.range(sections.end - 1).end;
        if to > length {
            return Err(DAMAGED);
        }
        let begin = self.bytes.len();
        self.bytes.resize(begin + (to - from), 0);
        read(from, &mut self.bytes[begin..])?;
        for section in sections {
            let place = layout.range(section);
            self.places[section] = begin + place.start - from..begin + place.end - from;
        }
        Ok(())
    }

    /// The sections that were read, as a pack.
    pub(crate) fn pack(&self, minute: u64) -> Result<Pack<'_>, Failure> {
        let mut sections: [&[u8]; SECTIONS] = [&[]; SECTIONS];
        for (section, place) in sections.iter_mut().zip(&self.places) {
            *section = &self.bytes[place.clone()];
        }
        Pack::of(minute, sections).ok_or(DAMAGED)
    }
}

impl Pack<'_> {
    /// Whether no process has totals of several epochs in it.
    pub(crate) fn has_one_epoch_each(&self) -> bool {
        self.who.is_sorted_by(|a, b| a.process < b.process)
    }

    /// Calls `each` with the samples of every process and epoch that is `asked` for, in order. The sections that `wanted` needs were read.
    pub(crate) fn strips(
        &self,
        wanted: &Wanted,
        strip: &mut Strip,
        mut asked: impl FnMut(&Who) -> bool,
        mut each: impl FnMut(&Who, &mut Strip),
    ) -> Result<(), Failure> {
        let mut columns: Vec<Column<'_>> = (0..SECTIONS).map(|index| self.column(index)).collect();
        for who in &self.who {
            advance(who.count, wanted, &mut columns).ok_or(DAMAGED)?;
            if asked(who) {
                strip.fill(self, wanted, &columns).ok_or(DAMAGED)?;
                each(who, strip);
            }
        }
        Ok(())
    }
}

/// Reads the next process's values in all columns that are there.
fn advance(count: usize, wanted: &Wanted, columns: &mut [Column<'_>]) -> Option<()> {
    columns[SECONDS].next(count)?;
    columns[OFFSETS].next(count)?;
    columns[KNOWN].next(count)?;
    let bits = std::mem::take(&mut columns[KNOWN].values);
    let known = Known::of(&bits);
    let mut sections = [HELD].iter().chain(&wanted.sections);
    let read = sections.try_for_each(|&section| {
        columns[section].next(known.count(section))?;
        Some(())
    });
    columns[KNOWN].values = bits;
    read
}

/// What each sample of a process knows, and what they have in common: mostly all know the same.
struct Known<'a> {
    bits: &'a [u64],
    all: u64,
    any: u64,
}

impl<'a> Known<'a> {
    fn of(bits: &'a [u64]) -> Self {
        Self {
            bits,
            all: bits.iter().fold(u64::MAX, |all, bits| all & bits),
            any: bits.iter().fold(0, |any, bits| any | bits),
        }
    }

    /// How many samples know the value of a section.
    fn count(&self, section: usize) -> usize {
        let bit = bit(section);
        if self.all & bit != 0 {
            self.bits.len()
        } else if self.any & bit == 0 {
            0
        } else {
            self.bits.iter().filter(|&bits| bits & bit != 0).count()
        }
    }

    /// Appends the values of a section in their samples; absent where a sample does not know it.
    fn spread(&self, section: usize, values: &[u64], out: &mut Vec<Option<u64>>) {
        let bit = bit(section);
        if self.all & bit != 0 {
            out.extend(values.iter().copied().map(Some));
        } else if self.any & bit == 0 {
            out.resize(out.len() + self.bits.len(), None);
        } else {
            let mut values = values.iter().copied();
            let bits = self.bits.iter();
            out.extend(bits.map(|bits| (bits & bit != 0).then(|| values.next()).flatten()));
        }
    }
}

impl Strip {
    /// Strips of what is wanted.
    pub(crate) fn of(wanted: &Wanted) -> Self {
        Self {
            values: vec![Vec::new(); wanted.metrics.len()],
            ..Self::default()
        }
    }

    fn fill(&mut self, pack: &Pack<'_>, wanted: &Wanted, columns: &[Column<'_>]) -> Option<()> {
        let known = Known::of(&columns[KNOWN].values);
        let (seconds, offsets) = (&columns[SECONDS].values, &columns[OFFSETS].values);
        let minute_ns = pack.minute_ns;
        self.second_ns.clear();
        self.second_ns.extend(
            seconds
                .iter()
                .map(|second| minute_ns.wrapping_add(second.wrapping_mul(Resolution::Second.ns()))),
        );
        let mut is_damaged = false;
        self.at_ns.clear();
        self.at_ns
            .extend(seconds.iter().zip(offsets).map(|(&second, &offset)| {
                let moment = pack.moment(second);
                is_damaged |= moment.is_none();
                minute_ns.wrapping_add(moment.unwrap_or(0).wrapping_add(offset))
            }));
        if is_damaged {
            return None;
        }
        self.spread.clear();
        known.spread(HELD, &columns[HELD].values, &mut self.spread);
        let held = self.spread.iter().zip(&self.at_ns);
        self.held_ns.clear();
        self.held_ns.extend(
            held.map(|(before, at_ns)| before.map_or(0, |before| at_ns.wrapping_sub(before))),
        );
        for (&metric, values) in wanted.metrics.iter().zip(&mut self.values) {
            let spread = |metric: Metric, values: &mut Vec<Option<u64>>| {
                let section = METRICS + metric as usize;
                values.clear();
                known.spread(section, &columns[section].values, values);
            };
            spread(metric, values);
            if metric == Metric::UserNs && known.all & TIMES == TIMES {
                let of = |metric: Metric| &columns[METRICS + metric as usize].values;
                let times = of(Metric::CpuNs).iter().zip(of(Metric::SystemNs));
                for (user, (&cpu, &system)) in values.iter_mut().zip(times) {
                    *user = user.map(|user| rest(cpu, system, user));
                }
            }
        }
        self.max_rss_bytes.clear();
        if wanted.max_rss {
            let rss = METRICS + Metric::RssBytes as usize;
            known.spread(MAXIMA, &columns[MAXIMA].values, &mut self.max_rss_bytes);
            self.spread.clear();
            known.spread(rss, &columns[rss].values, &mut self.spread);
            for (above, level) in self.max_rss_bytes.iter_mut().zip(&self.spread) {
                *above = above.map(|above| above.wrapping_add(level.unwrap_or(0)));
            }
        }
        self.join();
        Some(())
    }

    /// Joins the samples of each second to what the second is: the last one stands, and says until when what was before the first held.
    fn join(&mut self) {
        if self.second_ns.is_sorted_by(|a, b| a < b) {
            return;
        }
        let mut kept = 0;
        for index in 1..self.at_ns.len() {
            let same = self.second_ns[index] == self.second_ns[kept];
            let highest = self.max_rss_bytes.get(index).copied().flatten();
            if same {
                if let Some(so_far) = self.max_rss_bytes.get_mut(kept) {
                    *so_far = highest.max(*so_far);
                }
            } else {
                kept += 1;
                self.second_ns[kept] = self.second_ns[index];
                self.held_ns[kept] = self.held_ns[index];
                if let Some(of_second) = self.max_rss_bytes.get_mut(kept) {
                    *of_second = highest;
                }
            }
            self.at_ns[kept] = self.at_ns[index];
            for values in &mut self.values {
                values[kept] = values[index];
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
        fn keep<T>(column: &mut Vec<T>, samples: &std::ops::Range<usize>) {
            column.truncate(samples.end);
            column.drain(..samples.start.min(column.len()));
        }
        keep(&mut self.second_ns, &samples);
        keep(&mut self.at_ns, &samples);
        keep(&mut self.held_ns, &samples);
        keep(&mut self.max_rss_bytes, &samples);
        for values in &mut self.values {
            keep(values, &samples);
        }
    }
}
