//! `/api/v1`: what the page is built on, and other programs with it. One route family per file.
//!
//! Each handler carries its own description; [`routes`] gathers them into the document that is served beside them, so that nothing is
//! routed and not described. `docs/api.md` says what holds for all of them.

mod answer;
mod containers;
mod document;
mod lives;
mod losses;
mod me;
mod permitted;
mod processes;
mod reference;
mod refusal;
mod session;
mod stream;
mod usage;

pub(crate) use permitted::of_path;

use std::sync::Arc;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::problem::Problem;

/// Where they are, without the prefix.
pub(crate) const AT: &str = "/api/v1";

/// Every route, and the description of them all.
pub(crate) fn routes(app: &App) -> Router<Arc<App>> {
    let server = format!("{}{AT}", app.config.prefix());
    let frame = document::frame(&server, &app.auth.admin_cookie());
    let (router, document) = OpenApiRouter::with_openapi(frame)
        .routes(routes!(me::me))
        .routes(routes!(session::open, session::close))
        .routes(routes!(containers::list))
        .routes(routes!(containers::one))
        .routes(routes!(lives::lives))
        .routes(routes!(processes::list))
        .routes(routes!(processes::table::table))
        .routes(routes!(processes::one))
        .routes(routes!(processes::cpus::cpus))
        .routes(routes!(usage::usage))
        .routes(routes!(usage::table::table))
        .routes(routes!(losses::losses))
        .routes(routes!(stream::stream))
        .routes(routes!(reference::document))
        .routes(routes!(reference::page))
        .split_for_parts();
    router
        .layer(axum::Extension(reference::Document::of(&document)))
        .fallback(|| async {
            Problem::NotFound("there is nothing at this address; openapi.json lists what is".into())
        })
        .method_not_allowed_fallback(|| async { Problem::MethodNotAllowed })
}
