//! `me`: who asks, of whom, and whether anything is being recorded.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use bc_schema::ContainerId;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{self, json};
use super::permitted::asked_container;
use super::refusal::{OfAny, OfOther};
use crate::app::App;
use crate::parameters::{Ask, Asked, Parameters};
use crate::problem::Problem;

/// Who asks, of whom, and whether anything is being recorded.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me<'a> {
    /// Everything may be seen.
    admin: bool,
    /// The only container that may be seen; `null`: all.
    #[schema(schema_with = answer::container_id_or_null)]
    container: Option<&'a ContainerId>,
    /// When the token ends, ms since the epoch; `null`: never.
    expires_ms: Option<u64>,
    /// Tokens are asked for.
    auth: bool,
    /// The machine's name.
    host: &'a str,
    /// The program's version.
    version: &'static str,
    /// Processes are being recorded.
    recording: bool,
    /// Why not, or what is wrong.
    recording_problem: Option<&'a str>,
}

/// Of whom `me` is asked.
pub(crate) struct Whom(pub(super) Option<ContainerId>);

impl Asked for Whom {
    fn read(parameters: &Parameters) -> Result<Self, Problem> {
        asked_container(parameters).map(Self)
    }
}

/// Who am I
///
/// What the caller's token lets them see, and how the recording goes.
#[utoipa::path(
    get, path = "/me", tag = "session",
    params(Ask::<Whom>),
    responses((status = 200, body = Me), OfAny, OfOther),
)]
pub(crate) async fn me(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Ask(Whom(container)): Ask<Whom>,
) -> Result<Response, Problem> {
    let pass = app.auth.pass(&headers, container.as_ref())?;
    let health = app.recorder.health();
    json(&Me {
        admin: pass.is_admin(),
        container: pass.container(),
        expires_ms: pass.expires_s.map(|s| s.saturating_mul(1000)),
        auth: app.auth.is_on(),
        host: &app.config.host,
        version: env!("CARGO_PKG_VERSION"),
        recording: health.recording,
        recording_problem: health.problem.as_deref(),
    })
}
