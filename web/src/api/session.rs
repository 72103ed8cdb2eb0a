//! `session`: exchanges a token for a cookie that no script can read, and takes it away again.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bc_schema::ContainerId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer;
use super::me::Whom;
use super::refusal::{OfAny, OfBody, OfOther};
use crate::app::App;
use crate::parameters::Ask;
use crate::problem::Problem;

/// What a session is opened with.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Opening {
    /// A JSON Web Token.
    #[schema(example = "eyJhbGciOiJIUzI1NiJ9.e30.xx")]
    token: String,
    /// Refuse the token unless it is good for this container.
    #[schema(schema_with = answer::container_id_or_null)]
    container: Option<ContainerId>,
}

/// Open a session
///
/// Exchanges a token for a cookie: HttpOnly, SameSite=Strict, as long as the token lasts. With authentication off there is no cookie.
#[utoipa::path(
    post, path = "/session", tag = "session",
    request_body(content = Opening, content_type = "application/json"),
    responses(
        (status = 204, description = "The session is open.", headers(("set-cookie" = Option<String>, description = "The session; absent with authentication off"))),
        OfAny, OfOther, OfBody,
    ),
    security(()),
)]
pub(crate) async fn open(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Problem> {
    let body = Json::<Opening>::from_request(request, &());
    let body = tokio::time::timeout(app.config.limits.body, body).await;
    let Json(opening) = body
        .map_err(|_| Problem::TooSlow)?
        .map_err(|rejection| refused_body(&rejection))?;
    let cookie = app
        .auth
        .open_session(opening.token.trim(), opening.container.as_ref())?;
    Ok(match cookie {
        Some(cookie) => (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// Close a session
///
/// Takes the cookie of a container away, or an admin's.
#[utoipa::path(
    delete, path = "/session", tag = "session",
    params(Ask::<Whom>),
    responses(
        (status = 204, description = "The session is closed.", headers(("set-cookie" = String, description = "Takes the cookie away"))),
        OfAny, OfOther,
    ),
    security(()),
)]
pub(crate) async fn close(
    State(app): State<Arc<App>>,
    Ask(Whom(container)): Ask<Whom>,
) -> Result<Response, Problem> {
    let cookie = app.auth.close_session(container.as_ref());
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

fn refused_body(rejection: &JsonRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
        _ => Problem::BadRequest(
            "the body must be JSON, {\"token\": \"…\"}, sent as application/json".into(),
        ),
    }
}
