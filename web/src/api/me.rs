//! `me`: who asks, of whom, and whether anything is being recorded.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::permitted::asked_container;
use crate::app::App;
use crate::parameters::Parameters;
use crate::problem::Problem;

pub(crate) async fn me(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    let pass = app
        .auth
        .pass(&headers, asked_container(&parameters)?.as_ref())?;
    let health = app.health.borrow();
    Ok(Json(json!({
        "admin": pass.is_admin(),
        "container": pass.container(),
        "expires_ms": pass.expires_s.map(|s| s.saturating_mul(1000)),
        "auth": app.auth.is_on(),
        "host": app.config.host,
        "version": env!("CARGO_PKG_VERSION"),
        "recording": health.recording,
        "recording_problem": health.problem,
    })))
}
