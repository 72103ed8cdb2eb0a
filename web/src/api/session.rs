//! `session`: exchanges a token for a cookie that no script can read, and takes it away again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bc_schema::ContainerId;
use serde::Deserialize;

use super::permitted::asked_container;
use crate::app::App;
use crate::parameters::Parameters;
use crate::problem::Problem;

#[derive(Deserialize)]
pub(crate) struct Opening {
    token: String,
    container: Option<ContainerId>,
}

pub(crate) async fn open(
    State(app): State<Arc<App>>,
    body: Result<Json<Opening>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(opening) = body.map_err(refused_body)?;
    let cookie = app
        .auth
        .open_session(opening.token.trim(), opening.container.as_ref())?;
    Ok(match cookie {
        Some(cookie) => (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

pub(crate) async fn close(
    State(app): State<Arc<App>>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let cookie = app
        .auth
        .close_session(asked_container(&parameters)?.as_ref());
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

fn refused_body(rejection: JsonRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
        _ => Problem::BadRequest(
            "the body must be JSON, {\"token\": \"…\"}, sent as application/json".into(),
        ),
    }
}
