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
    /// Every total at this resolution whose bucket is not pruned.
    fn cpu_ends(
        &self,
        resolution: Resolution,
        floors_ns: &[u64; 4],
    ) -> impl Iterator<Item = CpuEnd> {
        let floor_ns = floors_ns[resolution as usize];
        let all = self.process.cpus.iter();
        all.filter(|((_, _, at_ns), _)| self.window.contains(*at_ns))
            .map(move |(&(cpu, epoch_ns, at_ns), &cpu_ns)| CpuEnd {
                cpu,
                epoch_ns,
                resolution,
                bucket_ns: resolution.bucket_ns(at_ns),
                cpu_ns,
            })
            .filter(move |end| end.bucket_ns >= floor_ns)
    }

    pub(super) fn cpu_series(
        &self,
        query: &CpuSeriesQuery,
        floors_ns: &[u64; 4],
    ) -> Vec<CpuSeries> {
        let ends = self.cpu_ends(query.resolution, floors_ns);
        // Retention takes the finer ones first.
        let kept = Resolution::ALL
            .into_iter()
            .filter(|&coarser| coarser >= query.resolution);
        let earlier = kept.flat_map(|resolution| self.cpu_ends(resolution, floors_ns));
        cpu_usage::cpu_series(
            ends.filter(|end| query.range.contains(end.bucket_ns))
                .collect(),
            earlier,
        )
    }
}
