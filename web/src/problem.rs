//! What was wrong with a request: one list, and its answers as `application/problem+json`. The seed's routes say the same as plain text.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bc_schema::store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

/// A request that is not answered with what it asked for.
#[derive(Debug)]
pub(crate) enum Problem {
    /// A parameter is malformed: which one, what is allowed.
    BadParameter { name: String, allowed: String },
    /// The path, body or headers are malformed.
    BadRequest(String),
    /// No token, or none that is good.
    NotAuthorized(&'static str),
    /// A token that nobody here signed.
    WrongToken(&'static str),
    /// More of them than one address may show.
    TooManyWrongTokens {
        /// When another is taken.
        wait: Duration,
    },
    /// A good token, but for another container.
    OtherContainer,
    /// Refused, with a good token or none.
    Forbidden(String),
    /// Nothing is there.
    NotFound(String),
    /// The route knows other methods.
    MethodNotAllowed,
    /// The body is larger than taken.
    TooLarge,
    /// The body did not come in time.
    TooSlow,
    /// The `Host` header names somebody else.
    WrongHost(String),
    /// The store cannot answer now.
    Store(StoreError),
    /// It took too long.
    TimedOut,
    /// A task of ours broke.
    Broken(String),
}

/// Marks the answer to a [`Problem::WrongToken`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct WrongToken;

/// What was wrong, as `application/problem+json` (RFC 9457) tells it.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Details {
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What was wrong, and what to do.
    detail: String,
}

impl Problem {
    pub(crate) fn parameter(name: &str, allowed: impl Into<String>) -> Self {
        Self::BadParameter {
            name: name.to_owned(),
            allowed: allowed.into(),
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::BadParameter { .. } | Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::NotAuthorized(_) | Self::WrongToken(_) => StatusCode::UNAUTHORIZED,
            Self::TooManyWrongTokens { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::OtherContainer | Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::WrongHost(_) => StatusCode::MISDIRECTED_REQUEST,
            Self::Store(StoreError::Unavailable { .. }) | Self::TimedOut => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Store(StoreError::Refused(_)) | Self::Broken(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    /// What was wrong, and what to do. What went wrong inside is for the log, not for the caller.
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::BadParameter { name, allowed } => format!("`{name}` must be {allowed}"),
            Self::BadRequest(what) | Self::Forbidden(what) | Self::NotFound(what) => what.clone(),
            Self::NotAuthorized(why) | Self::WrongToken(why) => (*why).to_owned(),
            Self::TooManyWrongTokens { .. } => {
                "too many wrong tokens came from this address; good ones are taken as ever".into()
            }
            Self::OtherContainer => {
                "the token is for another container; ask for a token for this one".into()
            }
            Self::MethodNotAllowed => {
                "this address does not take that method; the Allow header lists those it takes"
                    .into()
            }
            Self::TooLarge => "the body is larger than 64 KiB; send less".into(),
            Self::TooSlow => "the body did not come in time; send it at once".into(),
            Self::WrongHost(host) => format!(
                "this server is not called `{host}`; use the address it listens on, or add the name to its allowed hosts"
            ),
            Self::Store(StoreError::Unavailable { .. }) => {
                "the store cannot answer now; try again in a moment".into()
            }
            Self::TimedOut => {
                "the answer took too long; try again, or ask for a shorter range".into()
            }
            Self::Store(StoreError::Refused(_)) | Self::Broken(_) => {
                "the server could not answer; its log says why".into()
            }
        }
    }

    fn log(&self) {
        match self {
            Self::Store(error) => tracing::warn!(%error, "the store did not answer a query"),
            Self::Broken(error) => tracing::error!(%error, "a query broke"),
            Self::TimedOut => tracing::warn!("a query took too long"),
            _ => {}
        }
    }

    /// Headers that belong to the status, and what layers around the routes need to know.
    fn decorate(&self, response: &mut Response) {
        if let Self::WrongToken(_) = self {
            response.extensions_mut().insert(WrongToken);
        }
        let (name, value) = match (self, self.status()) {
            (Self::TooManyWrongTokens { wait }, _) => {
                (header::RETRY_AFTER, wait.as_secs().saturating_add(1).into())
            }
            (_, StatusCode::UNAUTHORIZED) => {
                (header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
            }
            (_, StatusCode::SERVICE_UNAVAILABLE) => (header::RETRY_AFTER, 2.into()),
            // What is still to come of the body would be taken for the next request.
            (_, StatusCode::REQUEST_TIMEOUT) => {
                (header::CONNECTION, HeaderValue::from_static("close"))
            }
            _ => return,
        };
        response.headers_mut().insert(name, value);
    }

    /// As the seed answers: plain text, and 401 for every lack of a right.
    pub(crate) fn into_plain(self) -> Response {
        self.log();
        let mut response = match &self {
            Self::NotAuthorized(_) | Self::WrongToken(_) | Self::OtherContainer => {
                (StatusCode::UNAUTHORIZED, "not authorized").into_response()
            }
            other => (other.status(), other.detail()).into_response(),
        };
        self.decorate(&mut response);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.log();
        let status = self.status();
        let body = Details {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: self.detail(),
        };
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        self.decorate(&mut response);
        response
    }
}
