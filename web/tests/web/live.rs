//! The event stream: ticks for what it watches, at most one a second, and a word when it ends.

use std::time::{Duration, Instant};

use bc_schema::{Committed, ContainerId};
use bc_web::token::{Subject, mint};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::recording::{FULL, SHORT, recording};
use crate::site::{SECRET, Site, admin, site, token_for};

/// An open stream.
struct Stream {
    response: Response,
    text: String,
}

async fn open(site: &Site, path: &str, token: &str) -> Stream {
    let request = site
        .request(Method::GET, path)
        .header("authorization", format!("Bearer {token}"));
    let response = request
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    // Compressed events would wait in the compressor.
    assert!(!response.headers().contains_key("content-encoding"));
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    Stream {
        response,
        text: String::new(),
    }
}

impl Stream {
    /// The next event's name and data; `None`: the stream ended.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    block
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(|value| value.trim().to_owned())
                };
                if let (Some(event), Some(data)) = (field("event:"), field("data:")) {
                    return Some((event, serde_json::from_str(&data).unwrap()));
                }
            }
            let chunk = tokio::time::timeout(Duration::from_secs(60), self.response.chunk())
                .await
                .expect("the stream is silent");
            self.text
                .push_str(std::str::from_utf8(&chunk.unwrap()?).unwrap());
        }
    }
}

fn committed(until_ms: u64, container: &str, changed: bool) -> Committed {
    Committed {
        until_ns: until_ms * 1_000_000,
        containers: vec![ContainerId::new(container).unwrap()],
        containers_changed: changed,
    }
}

fn tick(until_ms: u64, changed: bool) -> Option<(String, Value)> {
    Some((
        "tick".into(),
        json!({"until_ms": until_ms, "containers_changed": changed}),
    ))
}

#[tokio::test]
async fn a_tick_for_what_is_watched_and_no_other() {
    let site = site(&recording()).await;
    let mut stream = open(
        &site,
        &format!("/api/v1/stream?container={SHORT}"),
        &token_for(SHORT),
    )
    .await;
    site.committed.send(committed(1, "job_7", true)).unwrap();
    site.committed.send(committed(2, FULL, false)).unwrap();
    assert_eq!(stream.next().await, tick(2, false));
}

#[tokio::test]
async fn ticks_of_one_second_are_one() {
    let site = site(&recording()).await;
    let mut stream = open(&site, "/api/v1/stream", &admin()).await;
    // The first tick is not sent before this.
    let first = Instant::now();
    site.committed.send(committed(1, FULL, false)).unwrap();
    assert_eq!(stream.next().await, tick(1, false));
    for until_ms in 2..=5 {
        site.committed
            .send(committed(until_ms, "job_7", until_ms == 3))
            .unwrap();
    }
    assert_eq!(stream.next().await, tick(5, true));
    assert!(
        first.elapsed() >= Duration::from_millis(900),
        "{:?}",
        first.elapsed()
    );
}

#[tokio::test]
async fn the_news_of_everything_are_an_admins() {
    let site = site(&recording()).await;
    let answer = site.get_as("/api/v1/stream", &token_for(SHORT)).await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("container"), "{}", answer.body);
}

#[tokio::test]
async fn who_lags_gets_a_tick_all_the_same() {
    let site = site(&recording()).await;
    let mut stream = open(&site, &format!("/api/v1/stream?container={FULL}"), &admin()).await;
    site.committed.send(committed(1, FULL, false)).unwrap();
    assert_eq!(stream.next().await, tick(1, false));
    // More than the channel holds, while the stream keeps its second of silence.
    for until_ms in 100..200 {
        site.committed
            .send(committed(until_ms, "job_7", false))
            .unwrap();
    }
    assert_eq!(stream.next().await, tick(1, true));
}

#[tokio::test]
async fn the_stream_ends_with_its_token() {
    let site = site(&recording()).await;
    let token = mint(SECRET, Subject::Admin, Duration::from_secs(5));
    let mut stream = open(&site, "/api/v1/stream", &token).await;
    assert_eq!(
        stream.next().await,
        Some(("bye".into(), json!({"why": "expired"})))
    );
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn the_stream_ends_with_the_server() {
    let mut site = site(&recording()).await;
    let mut stream = open(&site, "/api/v1/stream", &admin()).await;
    site.committed.send(committed(1, FULL, false)).unwrap();
    assert_eq!(stream.next().await, tick(1, false));
    site.shutdown.cancel();
    assert_eq!(
        stream.next().await,
        Some(("bye".into(), json!({"why": "shutdown"})))
    );
    assert_eq!(stream.next().await, None);
    let ended = tokio::time::timeout(Duration::from_secs(4), &mut site.served).await;
    ended
        .expect("the server waits for nobody")
        .unwrap()
        .unwrap();
}
