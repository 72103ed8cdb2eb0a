//! `openapi.json`: the description of all routes, for programs; `docs`: where people find it. The page that shows it is `ui/`'s business.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa::openapi::OpenApi;

use super::refusal::OfAny;
use crate::app::App;

/// The description, written once.
#[derive(Clone)]
pub(super) struct Document(Bytes);

impl Document {
    pub(super) fn of(document: &OpenApi) -> Self {
        let written = document
            .to_json()
            .expect("a description of strings and numbers is writable");
        Self(written.into())
    }
}

/// This description
///
/// OpenAPI 3.1. It needs no token.
#[utoipa::path(
    get, path = "/openapi.json", tag = "reference",
    responses((status = 200, description = "The document.", content_type = "application/json", body = Object), OfAny),
    security(()),
)]
pub(crate) async fn document(Extension(document): Extension<Document>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document.0).into_response()
}

/// The reference
///
/// Leads to a page that shows this description. It needs no token.
#[utoipa::path(
    get, path = "/docs", tag = "reference",
    responses((status = 302, description = "The page.", headers(("location" = String, description = "Where it is"))), OfAny),
    security(()),
)]
pub(crate) async fn page(State(app): State<Arc<App>>) -> Response {
    let page = format!("{}/static/reference.html", app.config.prefix());
    (StatusCode::FOUND, [(header::LOCATION, page)]).into_response()
}
