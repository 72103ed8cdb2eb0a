//! The page's files, embedded in the program. What is in them is `ui/`'s business.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

use crate::app::App;

/// What `build.rs` gathered.
#[derive(RustEmbed)]
#[folder = "$OUT_DIR/page"]
struct Files;

/// Whether the real page is inside; otherwise one stands there that says how to build it.
pub fn page_embedded() -> bool {
    env!("BC_PAGE_BUILT") == "true"
}

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(start))
        .route("/static", get(start))
        .route("/static/", get(start))
        .route("/static/{*path}", get(file))
}

async fn start(State(app): State<Arc<App>>) -> Response {
    let page = format!("{}/static/index.html", app.config.prefix());
    (StatusCode::FOUND, [(header::LOCATION, page)]).into_response()
}

async fn file(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Some(file) = Files::get(&path) else {
        return (StatusCode::NOT_FOUND, "there is no such file").into_response();
    };
    let hash = file.metadata.sha256_hash();
    // Weak: the same file goes out compressed and not.
    let tag = format!(
        "W/\"{}\"",
        hash[..12]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    );
    let keep = [
        (header::ETAG, tag.as_str()),
        (header::CACHE_CONTROL, keeping(&path)),
    ];
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag)) {
        return (StatusCode::NOT_MODIFIED, keep).into_response();
    }
    (
        keep,
        [(header::CONTENT_TYPE, content_type(&path))],
        file.data,
    )
        .into_response()
}

/// Vite puts a hash of the content into every name below `assets/`: such a file never changes.
fn keeping(path: &str) -> &'static str {
    match path {
        _ if path.starts_with("assets/") => "public, max-age=31536000, immutable",
        _ if path.ends_with(".html") => "no-store",
        _ => "no-cache",
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_change_is_kept() {
        assert!(keeping("assets/index-B1x9.js").contains("immutable"));
        assert_eq!(
            (keeping("index.html"), keeping("favicon.svg")),
            ("no-store", "no-cache")
        );
        assert_eq!(
            content_type("assets/index-B1x9.js"),
            "text/javascript; charset=utf-8"
        );
        assert_eq!(content_type("LICENSE"), "application/octet-stream");
    }

    #[test]
    fn there_is_always_a_page() {
        assert!(Files::get("index.html").is_some());
    }
}
