//! Single columns of a pack: only the sections that they need are read from the file, and nothing is joined to samples.

mod strip;

pub(crate) use strip::Strip;

use bc_schema::Metric;
use bc_schema::store;

use super::layout::{HEADER, Layout};
use super::read::{Column, DAMAGED, Pack, Who, bit, who};
use super::sequence::Even;
use super::{HELD, KNOWN, MAXIMA, METRICS, OFFSETS, SECONDS, SECTIONS, WHO};
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
        strip.begin(self);
        for who in &self.who {
            let known = advance(who.count, wanted, &mut columns).ok_or(DAMAGED)?;
            if asked(who) {
                strip.fill(self, wanted, &known, &columns).ok_or(DAMAGED)?;
                each(who, strip);
            }
            columns[KNOWN].values = known.bits;
        }
        Ok(())
    }
}

/// Reads the next process's values in all columns that are there.
fn advance(count: usize, wanted: &Wanted, columns: &mut [Column<'_>]) -> Option<Known> {
    columns[SECONDS].next_brief(count)?;
    columns[OFFSETS].next_brief(count)?;
    columns[KNOWN].next_brief(count)?;
    let known = Known::take(count, &mut columns[KNOWN]);
    for &section in [HELD].iter().chain(&wanted.sections) {
        columns[section].next_brief(known.count(section))?;
    }
    Some(known)
}

/// What each sample of a process knows, and what they have in common: mostly all know the same.
struct Known {
    samples: usize,
    /// Empty where all are the same.
    bits: Vec<u64>,
    all: u64,
    any: u64,
}

impl Known {
    fn take(samples: usize, column: &mut Column<'_>) -> Self {
        let mut bits = std::mem::take(&mut column.values);
        let (all, any) = match column.even {
            Some(Even { first, step: 0 }) => (first, first),
            even => {
                bits.extend(even.into_iter().flat_map(|even| even.values(samples)));
                bits.iter()
                    .fold((u64::MAX, 0), |(all, any), &bits| (all & bits, any | bits))
            }
        };
        Self {
            samples,
            bits,
            all,
            any,
        }
    }

    /// Whether all samples know the value of a section.
    fn of_all(&self, section: usize) -> bool {
        self.all & bit(section) != 0
    }

    /// How many samples know the value of a section.
    fn count(&self, section: usize) -> usize {
        let bit = bit(section);
        if self.all & bit != 0 {
            self.samples
        } else if self.any & bit == 0 {
            0
        } else {
            self.bits.iter().filter(|&bits| bits & bit != 0).count()
        }
    }

    /// Tells the values of a section in their samples; absent where a sample does not know it.
    fn spread(&self, section: usize, columns: &[Column<'_>], out: &mut store::Column) {
        let (bit, column) = (bit(section), &columns[section]);
        out.clear();
        if self.all & bit != 0 {
            match column.even {
                Some(Even { first, step: 0 }) => out.fill(Some(first), self.samples),
                Some(even) => out.extend_known(even.values(self.samples)),
                None => out.extend_known(column.values.iter().copied()),
            }
        } else if self.any & bit == 0 {
            out.fill(None, self.samples);
        } else {
            let mut place = 0;
            for bits in &self.bits {
                let value = (bits & bit != 0).then(|| {
                    place += 1;
                    column.at(place - 1)
                });
                out.push(value);
            }
        }
    }
}
