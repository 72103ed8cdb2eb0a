//! Which processes of a container are shown, and in which order.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use bc_schema::store::ProcessRecord;
use bc_schema::{Metric, ProcessId};

use super::filter::Filter;
use crate::history::name;
use crate::parameters::{Asked, Parameters};
use crate::problem::Problem;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Start,
    Cpu,
    Rss,
    Io,
    Name,
    Pid,
}

/// What a request asks of the list.
#[derive(Debug)]
pub(crate) struct Selection {
    filter: Filter,
    root: Option<String>,
    key: Key,
    falling: bool,
}

impl Asked for Selection {
    fn read(parameters: &Parameters) -> Result<Self, Problem> {
        let keys = [
            ("start", Key::Start),
            ("cpu", Key::Cpu),
            ("rss", Key::Rss),
            ("io", Key::Io),
            ("name", Key::Name),
            ("pid", Key::Pid),
        ];
        let key = parameters.choice(
            "sort",
            "In which order: by `start` unless told otherwise; `rss` is the peak since the last exec, `io` block bytes read and written.",
            &keys,
        )?;
        let key = key.unwrap_or(Key::Start);
        // Amounts are looked at from the largest down.
        let falling = parameters.choice(
            "order",
            "By default `asc` for `start`, `name` and `pid`, `desc` for the others.",
            &[("asc", false), ("desc", true)],
        )?;
        Ok(Self {
            filter: Filter::read(parameters)?,
            root: parameters
                .text(
                    "root",
                    "Only those that bear or bore this name, and their descendants.",
                )?
                .map(str::to_owned),
            key,
            falling: falling.unwrap_or(matches!(key, Key::Cpu | Key::Rss | Key::Io)),
        })
    }
}

impl Selection {
    /// The places of those asked for, in the order asked for.
    pub(crate) fn choose(&self, all: &[ProcessRecord]) -> Vec<usize> {
        let family = self.root.as_ref().map(|name| descendants(all, name));
        let recorded: HashSet<ProcessId> = all.iter().map(|one| one.start.process).collect();
        let is_meant = |process: &ProcessRecord| {
            let id = process.start.process;
            family.as_ref().is_none_or(|family| family.contains(&id))
                && self.filter.fits(process, |id| recorded.contains(&id))
        };
        let mut chosen: Vec<usize> = (0..all.len())
            .filter(|&place| is_meant(&all[place]))
            .collect();
        chosen.sort_by(|&a, &b| self.compare(&all[a], &all[b]));
        chosen
    }

    /// How two processes stand in the order asked for; equal ones by start and pid.
    pub(crate) fn compare(&self, a: &ProcessRecord, b: &ProcessRecord) -> Ordering {
        let order = compare(self.key, a, b);
        let order = if self.falling { order.reverse() } else { order };
        order.then_with(|| {
            (a.start.start_ns, a.start.pid, a.start.process).cmp(&(
                b.start.start_ns,
                b.start.pid,
                b.start.process,
            ))
        })
    }
}

fn compare(key: Key, a: &ProcessRecord, b: &ProcessRecord) -> Ordering {
    match key {
        Key::Start => a.start.start_ns.cmp(&b.start.start_ns),
        Key::Cpu => a
            .totals
            .get(Metric::CpuNs)
            .cmp(&b.totals.get(Metric::CpuNs)),
        Key::Rss => peak(a).cmp(&peak(b)),
        Key::Io => block_io(a).cmp(&block_io(b)),
        Key::Name => name(a).cmp(name(b)),
        Key::Pid => a.start.pid.cmp(&b.start.pid),
    }
}

fn peak(process: &ProcessRecord) -> Option<u64> {
    process
        .totals
        .get(Metric::PeakRssBytes)
        .or(process.totals.get(Metric::RssBytes))
}

/// Bytes from and to block devices; absent when neither is known.
fn block_io(process: &ProcessRecord) -> Option<u64> {
    let of = |metric| process.totals.get(metric);
    match (of(Metric::BlockReadBytes), of(Metric::BlockWriteBytes)) {
        (None, None) => None,
        (read, write) => Some(read.unwrap_or(0).saturating_add(write.unwrap_or(0))),
    }
}

/// Every process that bears a name or once bore it, and all that came from it.
fn descendants(all: &[ProcessRecord], root: &str) -> HashSet<ProcessId> {
    let mut children: HashMap<ProcessId, Vec<ProcessId>> = HashMap::new();
    for process in all {
        if let Some(parent) = process.start.parent {
            children
                .entry(parent)
                .or_default()
                .push(process.start.process);
        }
    }
    let bears = |process: &&ProcessRecord| {
        process.start.name == root || process.execs.iter().any(|exec| exec.name == root)
    };
    let mut open: Vec<ProcessId> = all
        .iter()
        .filter(bears)
        .map(|process| process.start.process)
        .collect();
    let mut family = HashSet::new();
    while let Some(id) = open.pop() {
        if family.insert(id) {
            open.extend(children.get(&id).into_iter().flatten());
        }
    }
    family
}
