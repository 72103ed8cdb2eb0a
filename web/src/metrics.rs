//! `/metrics`: what is recorded and what is asked, as Prometheus text. No label holds an id, a key or a path.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

use crate::app::App;
use crate::health::Health;

/// Which kind of request, and how it came out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    family: &'static str,
    status: &'static str,
}

/// What this web was asked so far.
#[derive(Default, Clone)]
pub(crate) struct Requests {
    answered: Family<Outcome, Counter<u64, AtomicU64>>,
    busy_us: Family<Outcome, Counter<u64, AtomicU64>>,
    /// Event streams that are open now.
    pub(crate) streams: Gauge<i64, AtomicI64>,
}

/// Counts requests and tells the log of them: never a query string, which may hold a token.
pub(crate) async fn count(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let family = family(request.uri().path());
    let method = request.method().clone();
    let response = next.run(request).await;
    let outcome = Outcome {
        family,
        status: class(response.status()),
    };
    let busy_us = began.elapsed().as_micros() as u64;
    app.requests.answered.get_or_create(&outcome).inc();
    app.requests.busy_us.get_or_create(&outcome).inc_by(busy_us);
    tracing::debug!(%method, family, status = response.status().as_u16(), busy_us, "answered");
    response
}

fn family(path: &str) -> &'static str {
    let first = path.split('/').nth(1).unwrap_or_default();
    match first {
        "api" => "api",
        "container" => "seed",
        "static" | "" => "page",
        "ping" => "ping",
        "metrics" => "metrics",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "1xx",
    }
}

/// The page of numbers.
pub(crate) async fn page(State(app): State<Arc<App>>) -> Response {
    let mut registry = Registry::with_prefix("bubble_chamber");
    registry.register_collector(Box::new(OfHealth(app.health.borrow().clone())));
    registry.register(
        "http_requests",
        "Requests answered",
        app.requests.answered.clone(),
    );
    registry.register(
        "http_busy_microseconds",
        "Time from request to answer",
        app.requests.busy_us.clone(),
    );
    registry.register(
        "http_streams",
        "Event streams open now",
        app.requests.streams.clone(),
    );
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => (
            [(
                header::CONTENT_TYPE,
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
            )],
            text,
        )
            .into_response(),
        Err(error) => {
            crate::problem::Problem::Broken(format!("writing metrics: {error}")).into_plain()
        }
    }
}

/// The recording's health as metrics of this instant.
#[derive(Debug)]
struct OfHealth(Health);

impl Collector for OfHealth {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let Health {
            recording,
            containers,
            processes,
            samples,
            losses,
            own_cpu_ns,
            own_rss_bytes,
            ..
        } = &self.0;
        let gauges = [
            (
                "recording",
                "Whether processes are being recorded",
                u64::from(*recording),
            ),
            (
                "containers",
                "Containers and jobs being watched",
                *containers,
            ),
            ("processes", "Processes known and alive", *processes),
            (
                "resident_memory_bytes",
                "Resident memory of this program",
                *own_rss_bytes,
            ),
        ];
        for (name, help, value) in gauges {
            let metric = ConstGauge::new(value);
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
        }
        let counters = [
            ("samples", "Samples taken", *samples),
            ("cpu_nanoseconds", "CPU time of this program", *own_cpu_ns),
        ];
        for (name, help, value) in counters {
            let metric = ConstCounter::new(value);
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
        }
        let lost = Family::<[(&str, &str); 1], Counter<u64, AtomicU64>>::default();
        for (reason, count) in losses {
            lost.get_or_create(&[("reason", reason.name())])
                .inc_by(*count);
        }
        lost.encode(encoder.encode_descriptor(
            "losses",
            "What could not be recorded",
            None,
            lost.metric_type(),
        )?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_hold_no_ids() {
        assert_eq!(family("/container/262b281ffa9d/cpu"), "seed");
        assert_eq!(family("/api/v1/containers/262b281ffa9d"), "api");
        assert_eq!(
            (family("/"), family("/static/x"), family("/262b281ffa9d")),
            ("page", "page", "other")
        );
    }
}
