//! `/metrics`: what is recorded and what is asked, as Prometheus text. No label holds an id, a key or a path.

mod recorder;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::app::App;
use recorder::OfHealth;

/// Which kind of request, and how it came out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    family: &'static str,
    status: &'static str,
}

/// What this web was asked so far.
#[derive(Clone)]
pub(crate) struct Requests {
    since: SystemTime,
    answered: Family<Outcome, Counter<u64, AtomicU64>>,
    busy_s: Family<Outcome, Counter<f64, AtomicU64>>,
    /// Wrong tokens that were shown.
    pub(crate) wrong_tokens: Counter<u64, AtomicU64>,
    /// Connections that are open now.
    pub(crate) connections: Gauge<i64, AtomicI64>,
    /// Event streams that are open now.
    pub(crate) streams: Gauge<i64, AtomicI64>,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            since: SystemTime::now(),
            answered: Family::default(),
            busy_s: Family::default(),
            wrong_tokens: Counter::default(),
            connections: Gauge::default(),
            streams: Gauge::default(),
        }
    }
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
    let busy = began.elapsed();
    let busy_us = busy.as_micros() as u64;
    let requests = &app.requests;
    requests.answered.get_or_create(&outcome).inc();
    requests
        .busy_s
        .get_or_create(&outcome)
        .inc_by(busy.as_secs_f64());
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
    let requests = &app.requests;
    let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "What runs here", version);
    let since = requests.since.duration_since(UNIX_EPOCH);
    registry.register_with_unit(
        "start_time",
        "When this program began, since the epoch",
        Unit::Seconds,
        ConstGauge::new(since.map_or(0.0, |since| since.as_secs_f64())),
    );
    registry.register_collector(Box::new(OfHealth(app.recorder.health())));
    registry.register(
        "http_requests",
        "Requests answered",
        requests.answered.clone(),
    );
    registry.register_with_unit(
        "http_busy",
        "Time from request to answer",
        Unit::Seconds,
        requests.busy_s.clone(),
    );
    registry.register(
        "http_wrong_tokens",
        "Tokens shown that nobody here signed",
        requests.wrong_tokens.clone(),
    );
    registry.register(
        "http_connections",
        "Connections open now",
        requests.connections.clone(),
    );
    registry.register(
        "http_streams",
        "Event streams open now",
        requests.streams.clone(),
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
