//! The recorder's numbers on `/metrics`: what it records, what it lost, what it costs, and how the store keeps up.

use std::fmt::Error;
use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use bc_schema::LossReason;
use bc_schema::resolution::SECOND_NS;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use crate::health::{Durations, Health};

/// The recording's health as metrics of this instant.
#[derive(Debug)]
pub(super) struct OfHealth(pub(super) Health);

impl Collector for OfHealth {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let health = &self.0;
        let mut gauge = |name, says, unit: Option<Unit>, value: u64| {
            let metric = ConstGauge::new(value);
            metric.encode(encoder.encode_descriptor(
                name,
                says,
                unit.as_ref(),
                metric.metric_type(),
            )?)
        };
        gauge(
            "recording",
            "Whether processes are being recorded",
            None,
            health.recording.into(),
        )?;
        gauge(
            "containers",
            "Containers and jobs being watched",
            None,
            health.containers,
        )?;
        gauge(
            "processes",
            "Processes known and alive",
            None,
            health.processes,
        )?;
        let (waiting_samples, since_ns) = health.waiting.unwrap_or((0, u64::MAX));
        gauge(
            "waiting_samples",
            "Samples in memory alone because the store takes nothing",
            None,
            waiting_samples,
        )?;
        gauge(
            "waiting",
            "For how long the store has taken nothing",
            Some(Unit::Seconds),
            realtime_ns().saturating_sub(since_ns) / SECOND_NS,
        )?;
        gauge(
            "resident_memory",
            "Resident memory of this program",
            Some(Unit::Bytes),
            health.own_rss_bytes,
        )?;
        if let Some((waiting, size)) = health.ring_bytes {
            gauge(
                "ring_waiting",
                "The most that waited at one time in the ring of kernel events, in the last second",
                Some(Unit::Bytes),
                waiting,
            )?;
            gauge(
                "ring_size",
                "What the ring of kernel events holds",
                Some(Unit::Bytes),
                size,
            )?;
        }
        if let Some((store, free)) = health.disk_bytes {
            gauge(
                "store",
                "What the database takes up on its disk",
                Some(Unit::Bytes),
                store,
            )?;
            gauge(
                "disk_free",
                "What is free on the database's disk",
                Some(Unit::Bytes),
                free,
            )?;
        }
        let samples = ConstCounter::new(health.samples);
        samples.encode(encoder.encode_descriptor(
            "samples",
            "Samples taken",
            None,
            samples.metric_type(),
        )?)?;
        let cpu = ConstCounter::new(health.own_cpu_ns as f64 / 1e9);
        cpu.encode(encoder.encode_descriptor(
            "cpu",
            "CPU time of this program",
            Some(&Unit::Seconds),
            cpu.metric_type(),
        )?)?;
        let lost = Family::<[(&str, &str); 1], Counter<u64, AtomicU64>>::default();
        // All of them from the start: a rise from nothing would be no rise to those who look for one.
        for reason in LossReason::ALL {
            let count = health.losses.get(reason).copied().unwrap_or(0);
            lost.get_or_create(&[("reason", reason.name())])
                .inc_by(count);
        }
        lost.encode(encoder.encode_descriptor(
            "losses",
            "What could not be recorded",
            None,
            lost.metric_type(),
        )?)?;
        commits(&mut encoder, &health.commits)
    }
}

fn realtime_ns() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |since| since.as_nanos() as u64)
}

fn commits(encoder: &mut DescriptorEncoder<'_>, commits: &Durations) -> Result<(), Error> {
    let bounds = Durations::BOUNDS_MS.map(|ms| ms as f64 / 1e3);
    let buckets: Vec<(f64, u64)> = bounds
        .into_iter()
        .chain([f64::INFINITY])
        .zip(commits.counts)
        .collect();
    encoder
        .encode_descriptor(
            "commit",
            "How long the store took to make records durable",
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?
        .encode_histogram::<NoLabelSet>(
            commits.sum.as_secs_f64(),
            commits.counts.iter().sum(),
            &buckets,
            None,
        )
}
