//! How far the lives of a container reach, and what the retention rule leaves of them (law 7): counted back from each life's last record.

use std::collections::HashMap;

use bc_schema::store::{ContainerRecord, ProcessRecord};
use bc_schema::{LifeKey, Resolution, Retention, TimeRange};

/// One life, as far as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) life: LifeKey,
    /// ns since the epoch.
    pub(crate) last_ns: u64,
}

impl Reach {
    pub(crate) fn began_ns(&self) -> u64 {
        self.life.began_ns
    }

    /// The first instant kept at a resolution.
    pub(crate) fn kept_from_ns(&self, retention: &Retention, resolution: Resolution) -> u64 {
        retention
            .keep_from_ns(resolution, self.last_ns)
            .unwrap_or(0)
    }
}

/// Every life, newest first. A life that is known to have ended reaches to its end; one whose end nobody saw, to the next on its host.
pub(crate) fn reaches(record: &ContainerRecord) -> Vec<Reach> {
    let mut next_began: HashMap<&str, u64> = HashMap::new();
    let mut reaches = Vec::with_capacity(record.lives.len());
    for container in &record.lives {
        let next_ns = next_began
            .insert(&container.life.host, container.life.began_ns)
            .unwrap_or(u64::MAX);
        let last_ns = container
            .ended_ns
            .unwrap_or(next_ns)
            .min(record.last_record_ns)
            .max(container.life.began_ns);
        reaches.push(Reach {
            life: container.life.clone(),
            last_ns,
        });
    }
    reaches
}

/// From the first life's beginning to just after the last record.
pub(crate) fn recorded(reaches: &[Reach], record: &ContainerRecord) -> TimeRange {
    let from_ns = reaches
        .iter()
        .map(Reach::began_ns)
        .min()
        .unwrap_or(record.last_record_ns);
    TimeRange {
        from_ns,
        to_ns: record.last_record_ns.max(from_ns) + 1,
    }
}

/// When a process was in its container: half-open, so that one that came and went in the same instant still covers it.
pub(crate) fn stay(process: &ProcessRecord, reaches: &[Reach]) -> TimeRange {
    let from_ns = process.start.entered_ns;
    let last_ns = process.end.as_ref().map_or_else(
        || {
            reaches
                .iter()
                .find(|reach| reach.life == process.start.life)
                .map_or(process.last_sample_ns, |reach| Some(reach.last_ns))
        },
        |end| Some(end.at_ns),
    );
    TimeRange {
        from_ns,
        to_ns: last_ns
            .or(process.last_sample_ns)
            .unwrap_or(from_ns)
            .max(from_ns)
            + 1,
    }
}

/// The earliest instant that any life keeps at a resolution.
pub(crate) fn first_kept_ns(
    reaches: &[Reach],
    retention: &Retention,
    resolution: Resolution,
) -> u64 {
    reaches
        .iter()
        .map(|reach| reach.kept_from_ns(retention, resolution))
        .min()
        .unwrap_or(0)
}

/// What a process is called now.
pub(crate) fn name(process: &ProcessRecord) -> &str {
    process
        .execs
        .last()
        .map_or(&process.start.name, |exec| &exec.name)
}
