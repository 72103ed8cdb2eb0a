//! Puts the routes together and serves them until it is told to stop.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{self, Uri};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use bc_schema::Committed;
use bc_schema::store::ReadStore;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use tower::Layer;
use tower::util::MapRequestLayer;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use crate::app::App;
use crate::auth::Auth;
use crate::auth::guesses::{self, Guesses};
use crate::config::Config;
use crate::error::Error;
use crate::health::Recorder;
use crate::metrics::Requests;
use crate::problem::Problem;
use crate::{api, connections, guard, headers, metrics, page, seed};

/// How many answers read many buckets at a time.
const READERS: usize = 2;
/// How many answers read all processes of a container at a time.
const LISTERS: usize = 4;
/// Largest body of a request.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;

/// Serves until `shutdown`; refuses unsafe settings before the first request.
pub async fn run(
    config: Config,
    listener: TcpListener,
    store: Arc<dyn ReadStore>,
    committed: broadcast::Sender<Committed>,
    recorder: Arc<dyn Recorder>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    config.check()?;
    let auth = Auth::new(&config);
    let guesses = Guesses::new(&config.limits);
    let prefix = config.prefix().to_owned();
    let app = Arc::new(App {
        config,
        auth,
        guesses,
        store,
        committed,
        recorder,
        requests: Requests::default(),
        shutdown: shutdown.clone(),
        readers: Semaphore::new(READERS),
        listers: Semaphore::new(LISTERS),
    });
    let router = router(app.clone());
    // The prefix goes before routing, so that a proxy may pass it on or take it off.
    let service = MapRequestLayer::new(move |request: http::Request<Incoming>| {
        without_prefix(&prefix, request.map(Body::new))
    })
    .layer(router);
    let (limits, requests) = (&app.config.limits, &app.requests);
    connections::serve(listener, service, limits, requests, shutdown).await;
    Ok(())
}

fn router(app: Arc<App>) -> Router {
    Router::new()
        .merge(seed::routes())
        .merge(page::routes())
        .nest(api::AT, api::routes(&app))
        .fallback(nowhere)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(app.clone(), patience))
        .layer(from_fn_with_state(app.clone(), guesses::check))
        .layer(
            CompressionLayer::new()
                .gzip(true)
                .quality(CompressionLevel::Fastest),
        )
        .layer(from_fn_with_state(app.clone(), guard::check))
        .layer(from_fn_with_state(app.clone(), metrics::count))
        .layer(from_fn(headers::add))
        .with_state(app)
}

async fn patience(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let answered = tokio::time::timeout(app.config.limits.answer, next.run(request)).await;
    answered.unwrap_or_else(|_| Problem::TimedOut.into_response())
}

async fn nowhere(uri: Uri) -> Response {
    let problem = Problem::NotFound("there is nothing at this address".into());
    if uri.path().starts_with("/api/") {
        problem.into_response()
    } else {
        problem.into_plain()
    }
}

/// The request as if the prefix were not there.
fn without_prefix(prefix: &str, mut request: Request) -> Request {
    let Some(rest) = request
        .uri()
        .path_and_query()
        .and_then(|path| path.as_str().strip_prefix(prefix))
    else {
        return request;
    };
    let rest = match rest.chars().next() {
        Some('/') => rest.to_owned(),
        // The prefix itself, with or without a query.
        None | Some('?') => format!("/{rest}"),
        Some(_) => return request,
    };
    if let Ok(uri) = rest.parse() {
        *request.uri_mut() = uri;
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_is_taken_off_at_a_slash_only() {
        let path = |prefix: &str, uri: &str| {
            let request = Request::builder()
                .uri(uri)
                .body(axum::body::Body::empty())
                .unwrap();
            without_prefix(prefix, request).uri().to_string()
        };
        assert_eq!(path("/stats", "/stats/ping?x=1"), "/ping?x=1");
        assert_eq!(
            (path("/stats", "/stats"), path("/stats", "/stats?a")),
            ("/".into(), "/?a".into())
        );
        assert_eq!(
            (path("/stats", "/statsping"), path("/stats", "/ping")),
            ("/statsping".into(), "/ping".into())
        );
        assert_eq!(path("", "/container/a%2Fb/cpu"), "/container/a%2Fb/cpu");
    }
}
