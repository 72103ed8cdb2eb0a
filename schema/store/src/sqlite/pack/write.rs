//! Packing: from the samples of a minute to sections of columns.

use std::collections::BTreeMap;

use bc_schema::varint::put;
use bc_schema::{Metric, Resolution};

use super::sequence::Put;
use super::{
    HELD, HELD_BIT, KNOWN, MAXIMA, MAXIMA_BIT, METRICS, MOMENTS, OFFSETS, SECONDS, SECTIONS, TIMES,
    TOGETHER, WHO, rest,
};
use crate::sqlite::block::Entry;

/// Packs the settled entries of one minute's seconds.
pub(crate) fn pack(minute: u64, entries: &[Entry]) -> Vec<u8> {
    let mut writer = Writer::new(minute, entries);
    let of_one = |a: &Entry, b: &Entry| (a.process, a.epoch_ns) == (b.process, b.epoch_ns);
    let groups = entries
        .chunk_by(of_one)
        .flat_map(|group| group.chunks(TOGETHER));
    groups.for_each(|group| writer.add(group));
    writer.finish()
}

struct Writer {
    minute_ns: u64,
    /// For each second, its first sample.
    moments: BTreeMap<u64, u64>,
    process: u64,
    sections: Vec<Section>,
    column: Vec<u64>,
}

#[derive(Default, Clone)]
struct Section {
    bytes: Vec<u8>,
    put: Put,
}

impl Writer {
    fn new(minute: u64, entries: &[Entry]) -> Self {
        let minute_ns = minute.wrapping_mul(Resolution::Minute.ns());
        let mut moments = BTreeMap::new();
        for entry in entries {
            let since_ns = entry.cell.at_ns.wrapping_sub(minute_ns);
            let moment = moments
                .entry(since_ns / Resolution::Second.ns())
                .or_insert(since_ns);
            *moment = since_ns.min(*moment);
        }
        let mut sections = vec![Section::default(); SECTIONS];
        for (second, since_ns) in &moments {
            put(*second, &mut sections[MOMENTS].bytes);
            put(*since_ns, &mut sections[MOMENTS].bytes);
        }
        Self {
            minute_ns,
            moments,
            process: 0,
            sections,
            column: Vec::new(),
        }
    }

    /// Adds the samples of one process and epoch.
    fn add(&mut self, group: &[Entry]) {
        let who = &mut self.sections[WHO].bytes;
        put(group[0].process - self.process, who);
        put(group[0].epoch_ns, who);
        put(group.len() as u64, who);
        self.process = group[0].process;

        let minute_ns = self.minute_ns;
        let since = |entry: &Entry| entry.cell.at_ns.wrapping_sub(minute_ns);
        let second = |entry: &Entry| since(entry) / Resolution::Second.ns();
        self.put(SECONDS, group.iter().map(second));
        let moments = std::mem::take(&mut self.moments);
        self.put(
            OFFSETS,
            group
                .iter()
                .map(|entry| since(entry) - moments[&second(entry)]),
        );
        self.moments = moments;
        self.put(KNOWN, group.iter().map(known));
        self.put(
            HELD,
            group
                .iter()
                .map(|entry| &entry.cell)
                .filter(|cell| cell.first.held_ns != 0)
                .map(|cell| cell.at_ns.wrapping_sub(cell.first.held_ns)),
        );
        self.put_maxima(group);
        let with_times = group.iter().all(|entry| known(entry) & TIMES == TIMES);
        for &metric in Metric::ALL {
            let values = group.iter().filter_map(|entry| {
                let metrics = &entry.cell.metrics;
                let value = metrics.get(metric)?;
                if metric == Metric::UserNs && with_times {
                    let of = |metric| metrics.get(metric).unwrap_or(0);
                    return Some(rest(of(Metric::CpuNs), of(Metric::SystemNs), value));
                }
                Some(value)
            });
            self.put(METRICS + metric as usize, values);
        }
    }

    /// The maxima, each as its distance from what is most likely: the level itself, the highest so far in this minute, the highest ever,
    /// and what the next finer resolution has.
    fn put_maxima(&mut self, group: &[Entry]) {
        let mut so_far = 0;
        let mut columns = [const { Vec::new() }; 4];
        for entry in group {
            let maxima = entry.cell.max_rss_bytes;
            let mut expected = [0; 4];
            expected[0] = entry.cell.metrics.get(Metric::RssBytes).unwrap_or(0);
            expected[1] = maxima[0].unwrap_or(0).max(so_far);
            // Mostly the highest since a process began was in this hour.
            expected[2] = entry.cell.metrics.get(Metric::PeakRssBytes).unwrap_or(0);
            expected[3] = maxima[2].unwrap_or(0);
            so_far = maxima[1].unwrap_or(0);
            for ((column, max), expected) in columns.iter_mut().zip(maxima).zip(expected) {
                column.extend(max.map(|max| max.wrapping_sub(expected)));
            }
        }
        for (index, column) in columns.into_iter().enumerate() {
            self.put(MAXIMA + index, column.into_iter());
        }
    }

    fn put(&mut self, section: usize, values: impl Iterator<Item = u64>) {
        self.column.clear();
        self.column.extend(values);
        let Section { bytes, put } = &mut self.sections[section];
        put.put(&self.column, bytes);
    }

    fn finish(mut self) -> Vec<u8> {
        for Section { bytes, put } in &mut self.sections {
            put.finish(bytes);
        }
        let mut out = Vec::new();
        put(self.sections.len() as u64, &mut out);
        for section in &self.sections {
            put(section.bytes.len() as u64, &mut out);
        }
        for section in &self.sections {
            out.extend_from_slice(&section.bytes);
        }
        out
    }
}

/// What is known in a sample, as bits.
fn known(entry: &Entry) -> u64 {
    let mut bits = 0;
    for (metric, _) in entry.cell.metrics.iter() {
        bits |= 1 << metric as u32;
    }
    for (index, max) in entry.cell.max_rss_bytes.iter().enumerate() {
        bits |= u64::from(max.is_some()) << (MAXIMA_BIT + index as u32);
    }
    bits | u64::from(entry.cell.first.held_ns != 0) << HELD_BIT
}
