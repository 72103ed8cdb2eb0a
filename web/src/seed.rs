//! The routes of the system that came before, to the byte: scripts and dashboards that read them keep working.
//!
//! Refusals are plain text here. Each answer is at one resolution (`interval`), clipped to the retention rule, for the `top` processes.

mod asked;
mod cpu;
mod io;
mod mem;
pub(crate) mod pids;
mod proc;
mod ranked;
mod slept;

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::metrics;
use crate::problem::Problem;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/ping",
            get(|| async { axum::Json(serde_json::json!({ "msg": "pong" })) }),
        )
        .route("/metrics", get(metrics::page))
        .route("/container/{id}/proc", get(proc::proc))
        .route("/container/{id}/cpu", get(cpu::top))
        .route("/container/{id}/cpu/{pid}", get(cpu::one))
        .route("/container/{id}/mem", get(mem::mem))
        .route("/container/{id}/io", get(io::io))
}

/// A problem as these routes tell it.
pub(crate) struct Plain(Problem);

impl<P: Into<Problem>> From<P> for Plain {
    fn from(problem: P) -> Self {
        Self(problem.into())
    }
}

impl IntoResponse for Plain {
    fn into_response(self) -> Response {
        self.0.into_plain()
    }
}
