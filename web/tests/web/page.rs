//! The page's files, the headers of every answer, and the prefix.

use bc_web::Config;
use reqwest::Method;

use crate::recording::{FULL, recording};
use crate::site::{admin, ask, config, site, site_with};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[tokio::test]
async fn the_root_leads_to_the_page() {
    let site = site(&[]).await;
    let answer = site.bare("/").await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (302, "/static/index.html")
    );
    let page = site
        .bare("/static/index.html?container=job_1&token=x")
        .await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.body.starts_with("<!doctype html>") || page.body.starts_with("<!DOCTYPE html>"));
    let again = site
        .request(Method::GET, "/static/index.html")
        .header("if-none-match", page.header("etag"));
    assert_eq!(ask(again).await.status, 304);
    for path in [
        "/static/nothing.js",
        "/static/../Cargo.toml",
        "/static/%2e%2e/Cargo.toml",
        "/static/..%2f..%2fetc%2fpasswd",
    ] {
        assert_eq!(site.bare(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_policy() {
    let site = site(&recording()).await;
    let paths = [
        "/",
        "/ping",
        "/metrics",
        "/static/index.html",
        "/static/none",
        "/none",
        "/api/v1/me",
        "/api/v1/none",
    ];
    for path in paths.map(str::to_owned).into_iter().chain([
        format!("/container/{FULL}/cpu"),
        format!("/api/v1/containers/{FULL}"),
    ]) {
        for answer in [site.bare(&path).await, site.get(&path).await] {
            assert_eq!(answer.header("content-security-policy"), POLICY, "{path}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        }
    }
    let wrong_host = site
        .request(Method::GET, "/")
        .header("host", "evil.example");
    assert_eq!(
        ask(wrong_host).await.header("content-security-policy"),
        POLICY
    );
}

#[tokio::test]
async fn json_travels_compressed() {
    let site = site(&recording()).await;
    let path = format!("/api/v1/containers/{FULL}/processes");
    let request = site
        .request(Method::GET, &path)
        .header("authorization", format!("token {}", admin()));
    let response = request
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.bytes().await.unwrap()[..2], [0x1f, 0x8b]);
}

#[tokio::test]
async fn a_prefix_is_taken_and_may_be_left_out() {
    let site = site_with(
        Config {
            prefix: "/stats/".into(),
            ..config()
        },
        &recording(),
    )
    .await;
    for root in ["/", "/stats", "/stats/"] {
        assert_eq!(
            site.bare(root).await.header("location"),
            "/stats/static/index.html",
            "{root}"
        );
    }
    for prefix in ["", "/stats"] {
        assert_eq!(site.bare(&format!("{prefix}/ping")).await.status, 200);
        assert_eq!(
            site.bare(&format!("{prefix}/static/index.html"))
                .await
                .status,
            200
        );
        assert_eq!(
            site.get(&format!("{prefix}/container/{FULL}/proc"))
                .await
                .status,
            200
        );
        assert_eq!(
            site.get(&format!("{prefix}/api/v1/containers/{FULL}"))
                .await
                .status,
            200
        );
    }
    assert_eq!(site.bare("/statsping").await.status, 404);
    let body = serde_json::json!({"token": admin()}).to_string();
    let open = site
        .request(Method::POST, "/stats/api/v1/session")
        .header("content-type", "application/json")
        .body(body);
    let set = ask(open).await.header("set-cookie").to_owned();
    assert!(set.contains("; Path=/stats; "), "{set}");
    // What the browser sends back opens the stream below the prefix.
    let cookie = set.split(';').next().unwrap();
    let stream = site
        .request(Method::GET, "/stats/api/v1/stream")
        .header("cookie", cookie);
    let stream = stream.send().await.unwrap();
    assert_eq!(
        (stream.status().as_u16(), &stream.headers()["content-type"]),
        (200, &"text/event-stream".parse().unwrap())
    );
    assert_eq!(
        site.bare("/stats/api/v1/docs").await.header("location"),
        "/stats/static/reference.html"
    );
    assert_eq!(site.bare("/stats//ping").await.status, 404);
    assert_eq!(site.bare("/stats/stats/ping").await.status, 404);
}
