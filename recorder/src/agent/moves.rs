//! A process goes from one container into another: its account in the first closes, and one in the second begins with what it had used.

use bc_abi::ProcessKey;
use bc_schema::{Closes, Metric, MetricKind, Metrics, ProcessEnd, ProcessId, ProcessStart};

use super::Agent;

impl Agent {
    /// Gives every process that came from one container into another its account there.
    ///
    /// They are all sampled once more, so that what they used until now is where they were: it is off by what they use between the move
    /// and this.
    pub(super) fn account_moved(&mut self) {
        let moved = std::mem::take(&mut self.moved);
        if moved.is_empty() {
            return;
        }
        if let Err(error) = self.walk() {
            tracing::warn!(%error, "a sample at a move failed");
        }
        for (key, at_boot_ns) in moved {
            self.account_anew(key, at_boot_ns);
        }
    }

    fn account_anew(&mut self, key: ProcessKey, at_boot_ns: u64) {
        // One that has ended meanwhile is all its first container's.
        let Some(entry) = self.kernel.process(key).filter(|entry| entry.closed == 0) else {
            return;
        };
        let Some(number) = self.owner_of(&entry) else {
            return;
        };
        let Some(known) = self.registry.get_mut(key) else {
            return;
        };
        let Some(life) = self.lives.get_mut(number).filter(|_| known.life != number) else {
            return;
        };
        let moved_ns = self.clock.utc_ns(at_boot_ns);
        let at_ns = known
            .last
            .as_ref()
            .map_or(moved_ns, |last| last.at_ns.max(moved_ns));
        let name = known.ran.name().unwrap_or_default().to_owned();
        let baseline = known.last.as_ref().map(|last| totals(&last.metrics));
        let has_parent = entry.parent.tgid != 0;
        life.open += 1;
        life.processes += 1;
        self.out.starts.push(ProcessStart {
            process: known.id,
            life: life.facts.life.clone(),
            pid: key.tgid,
            container_pid: (entry.container_pid != 0).then_some(entry.container_pid),
            parent: has_parent
                .then(|| ProcessId::new(self.boot, entry.parent.tgid, entry.parent.start_boot_ns)),
            parent_pid: has_parent.then_some(entry.parent.tgid),
            uid: Some(entry.uid),
            start_ns: self.clock.utc_ns(key.start_boot_ns),
            entered_ns: at_ns,
            is_root: false,
            baseline: Some(baseline.unwrap_or(Metrics::EMPTY)),
            name,
        });
        if let Some(last) = &known.last {
            let mut closing = last.clone();
            closing.closes = Closes::ALL;
            self.out.samples.push(closing);
        }
        self.out.ends.push(ProcessEnd {
            process: known.id,
            at_ns,
            exit_code: None,
            signal: None,
            core_dumped: false,
            oom_killed: false,
            unseen: true,
        });
        let before = std::mem::replace(&mut known.life, number);
        if let Some(before) = self.lives.get_mut(before) {
            before.open = before.open.saturating_sub(1);
            before.last_ns = before.last_ns.max(at_ns);
        }
    }
}

/// What grows with use, without what is so at one moment only.
fn totals(metrics: &Metrics) -> Metrics {
    metrics
        .iter()
        .filter(|(metric, _)| is_total(*metric))
        .fold(Metrics::EMPTY, |totals, (metric, value)| {
            totals.with(metric, value)
        })
}

fn is_total(metric: Metric) -> bool {
    matches!(metric.kind(), MetricKind::Total)
}
