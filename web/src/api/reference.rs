//! `openapi.json`: the description of all routes, for programs. The page that shows it to people is `ui/`'s business.

use axum::Extension;
use axum::body::Bytes;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::OpenApi;

use super::refusal::OfAny;

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
