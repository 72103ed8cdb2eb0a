//! Buckets that a process slept through: it is not sampled then, but these routes tell of every bucket that it lived in.

use std::collections::HashMap;

use bc_schema::store::{Point, Run};
use bc_schema::{Metric, MetricKind, Metrics, ProcessId, Resolution, TimeRange};

use crate::lived::Everyone;

/// What processes were like when they were last told of.
pub(crate) struct Slept {
    resolution: Resolution,
    range: TimeRange,
    known: HashMap<ProcessId, Known>,
}

#[derive(Clone, Copy)]
struct Known {
    /// The first bucket that is not told of yet, as a number since the epoch.
    next: u64,
    /// Its levels; of what it uses, nothing.
    asleep: Metrics,
}

impl Slept {
    pub(crate) fn new(resolution: Resolution, range: TimeRange) -> Self {
        Self {
            resolution,
            range,
            known: HashMap::new(),
        }
    }

    /// Calls `each` with the buckets of a process that follow those of the calls before, none before `from_ns`. `metrics` are those that
    /// were asked for.
    pub(crate) fn fill(
        &mut self,
        run: Run<'_>,
        metrics: &[Metric],
        from_ns: u64,
        mut each: impl FnMut(&Point),
    ) {
        let length_ns = self.resolution.ns();
        let mut known = self.known.get(&run.process).copied();
        if let (None, Some(before)) = (known, run.before) {
            let first_ns = self.range.from_ns.max(from_ns);
            known = Some(Known {
                next: (before.at_ns / length_ns + 1).max(first_ns.div_ceil(length_ns)),
                asleep: asleep(&before.metrics, &Metrics::EMPTY),
            });
        }
        for point in run.points(metrics) {
            let bucket = point.bucket_ns / length_ns;
            let awake = point.span_ns.saturating_add(length_ns / 2) / length_ns;
            if let Some(known) = &mut known {
                known.sleep(
                    self.resolution,
                    (bucket + 1).saturating_sub(awake),
                    &mut each,
                );
            }
            each(&point);
            let earlier = known.map_or(Metrics::EMPTY, |known| known.asleep);
            known = Some(Known {
                next: bucket + 1,
                asleep: asleep(&point.usage, &earlier),
            });
        }
        self.known.extend(known.map(|known| (run.process, known)));
    }

    /// Calls `each` with the buckets that processes have slept through since.
    pub(crate) fn finish(self, everyone: &Everyone, mut each: impl FnMut(ProcessId, &Point)) {
        for (process, mut known) in self.known {
            let to_ns = everyone.presence(process).known_to_ns.min(self.range.to_ns);
            let end = to_ns.div_ceil(self.resolution.ns());
            known.sleep(self.resolution, end, |point| each(process, point));
        }
    }
}

impl Known {
    fn sleep(&mut self, resolution: Resolution, end: u64, mut each: impl FnMut(&Point)) {
        for bucket in self.next..end {
            each(&Point {
                bucket_ns: bucket * resolution.ns(),
                usage: self.asleep,
                max_rss_bytes: None,
                span_ns: resolution.ns(),
            });
        }
        self.next = self.next.max(end);
    }
}

/// What a process is like that does nothing: the levels it has, or had earlier, and nothing used of what is known of it.
fn asleep(last: &Metrics, earlier: &Metrics) -> Metrics {
    let mut asleep = *earlier;
    for (metric, value) in last.iter() {
        let used = metric.kind() == MetricKind::Total;
        asleep.set(metric, if used { 0 } else { value });
    }
    asleep
}
