//! `/api/v1`: what the page is built on; `docs/api.md` is its description. One route family per file.

mod answer;
mod containers;
mod losses;
mod me;
mod permitted;
mod processes;
mod session;
mod stream;
mod usage;

pub(crate) use permitted::malformed_id;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::app::App;
use crate::problem::Problem;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/me", get(me::me))
        .route(
            "/session",
            axum::routing::post(session::open).delete(session::close),
        )
        .route("/containers", get(containers::list))
        .route("/containers/{id}", get(containers::one))
        .route("/containers/{id}/processes", get(processes::list))
        .route("/containers/{id}/processes/{process}", get(processes::one))
        .route("/containers/{id}/usage", get(usage::usage))
        .route("/containers/{id}/losses", get(losses::losses))
        .route("/stream", get(stream::stream))
        .fallback(|| async {
            Problem::NotFound("there is nothing at this address; docs/api.md lists what is".into())
        })
        .method_not_allowed_fallback(|| async { Problem::MethodNotAllowed })
}
