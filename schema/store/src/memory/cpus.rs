//! CPU time by core, in the reference store.

use std::collections::BTreeMap;

use bc_schema::cpu_usage::{self, CpuEnd};
use bc_schema::store::{CpuSeries, CpuSeriesQuery};
use bc_schema::{CpuTotal, Resolution};

use super::{Account, Process};

/// Every total of a process as it came: by CPU, epoch and time.
pub(super) type Cpus = BTreeMap<(u32, u64, u64), u64>;

impl Process {
    pub(super) fn take_cpu(&mut self, total: &CpuTotal) {
        let known = self
            .cpus
            .entry((total.cpu, total.epoch_ns, total.at_ns))
            .or_default();
        *known = total.cpu_ns.max(*known);
    }
}

impl Account<'_> {
    /// The last total in each bucket that is not pruned.
    fn cpu_rows(&self, resolution: Resolution, floor_ns: u64) -> Vec<CpuEnd> {
        let mut rows: BTreeMap<(u32, u64, u64), CpuEnd> = BTreeMap::new();
        for (&(cpu, epoch_ns, at_ns), &cpu_ns) in &self.process.cpus {
            let bucket_ns = resolution.bucket_ns(at_ns);
            if bucket_ns < floor_ns || !self.window.contains(at_ns) {
                continue;
            }
            let end = CpuEnd {
                cpu,
                epoch_ns,
                at_ns,
                cpu_ns,
            };
            rows.entry((cpu, epoch_ns, bucket_ns))
                .and_modify(|known| *known = known.later(end))
                .or_insert(end);
        }
        rows.into_values().collect()
    }

    pub(super) fn cpu_series(
        &self,
        query: &CpuSeriesQuery,
        floors_ns: &[u64; 4],
    ) -> Vec<CpuSeries> {
        let resolution = query.resolution;
        let mut ends = self.cpu_rows(resolution, floors_ns[resolution as usize]);
        ends.retain(|end| query.range.contains(resolution.bucket_ns(end.at_ns)));
        let mut firsts_ns: BTreeMap<(u32, u64), u64> = BTreeMap::new();
        for end in &ends {
            firsts_ns
                .entry((end.cpu, end.epoch_ns))
                .or_insert(resolution.bucket_ns(end.at_ns));
        }
        // The last row before, at this resolution or a coarser one: retention takes the finer ones first.
        let mut bases: BTreeMap<(u32, u64), CpuEnd> = BTreeMap::new();
        for coarser in Resolution::ALL
            .into_iter()
            .filter(|&coarser| coarser >= resolution)
        {
            for row in self.cpu_rows(coarser, floors_ns[coarser as usize]) {
                let of = (row.cpu, row.epoch_ns);
                if firsts_ns
                    .get(&of)
                    .is_some_and(|&first_ns| row.at_ns < first_ns)
                {
                    bases
                        .entry(of)
                        .and_modify(|known| *known = known.later(row))
                        .or_insert(row);
                }
            }
        }
        let bases: Vec<CpuEnd> = bases.into_values().collect();
        cpu_usage::cpu_series(ends, &bases, |at_ns| resolution.bucket_ns(at_ns))
    }
}
