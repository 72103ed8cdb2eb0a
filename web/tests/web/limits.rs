//! What one client, or all together, can take up of the server: on real sockets, with limits that a test can reach.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bc_schema::store::{
    ContainerQuery, ContainerRecord, CpuSeries, CpuSeriesQuery, LossRecord, ProcessQuery,
    ProcessRecord, ReadStore, Series, SeriesQuery, StoreError,
};
use bc_schema::{ContainerId, TimeRange};
use bc_web::token::{Subject, mint};
use bc_web::{Config, Limits};
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::recording::{FULL, T0, exec, life, recording, start};
use crate::site::{SECRET, Site, admin, ask, config, site_over, site_with, token_for};

fn limited(limits: Limits) -> Config {
    Config { limits, ..config() }
}

/// Everything that comes on a connection until the server closes it.
async fn to_the_end(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut all).await;
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test]
async fn who_does_not_finish_a_request_is_let_go() {
    let limits = Limits {
        // Long enough for a whole request of a test that has to wait for its turn.
        head: Duration::from_secs(1),
        body: Duration::from_secs(1),
        ..Limits::default()
    };
    let site = site_with(limited(limits), &[]).await;
    for begun in ["", "GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "] {
        let mut stream = TcpStream::connect(site.address).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        let answer = to_the_end(&mut stream).await;
        assert!(!answer.contains("200 OK"), "{answer}");
    }
    // A connection that is kept after an answer, and then silent.
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let whole = "GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    stream.write_all(whole.as_bytes()).await.unwrap();
    let answer = to_the_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    // A body that does not come.
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let begun = "POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"tok";
    stream.write_all(begun.as_bytes()).await.unwrap();
    let answer = to_the_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
}

#[tokio::test]
async fn heads_and_bodies_have_a_largest_size() {
    let site = site_with(config(), &[]).await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let long = format!(
        "GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: {}\r\nConnection: close\r\n\r\n",
        "a".repeat(1_000_000)
    );
    // It may be refused before it is all sent.
    let _ = stream.write_all(long.as_bytes()).await;
    let answer = to_the_end(&mut stream).await;
    assert!(!answer.contains("200 OK"), "{answer}");
    for (bytes, status) in [(64 * 1024 - 100, 401), (64 * 1024 + 1, 413)] {
        let body = serde_json::json!({"token": "x".repeat(bytes)}).to_string();
        let open = site
            .request(Method::POST, "/api/v1/session")
            .header("content-type", "application/json");
        assert_eq!(ask(open.body(body)).await.status, status, "{bytes}");
    }
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let limits = Limits {
        connections: 2,
        ..Limits::default()
    };
    let site = site_with(limited(limits), &[]).await;
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(site.address).await.unwrap();
        let whole = "GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
        stream.write_all(whole.as_bytes()).await.unwrap();
        let mut first = [0; 15];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK");
        open.push(stream);
    }
    let full = site.bare("/ping").await;
    assert_eq!((full.status, full.header("retry-after")), (503, "2"));
    assert_eq!(full.header("content-type"), "application/problem+json");
    assert!(
        full.json()["detail"]
            .as_str()
            .unwrap()
            .contains("connections")
    );
    drop(open);
    within_patience(async || site.bare("/ping").await.status == 200).await;
}

/// Waits for what the server does when it notices, a long time at most.
async fn within_patience(mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(60), "it never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn wrong_tokens_are_slowed_down_and_good_ones_are_not() {
    let limits = Limits {
        wrong_tokens: 3,
        wrong_token_every: Duration::from_secs(1_000),
        ..Limits::default()
    };
    let site = site_with(limited(limits), &recording()).await;
    // None, an expired one, and one for another container are no guesses.
    let expired = mint(SECRET, Subject::Admin, Duration::ZERO);
    for _ in 0..5 {
        assert_eq!(site.bare("/api/v1/me").await.status, 401);
        assert_eq!(site.get_as("/api/v1/me", &expired).await.status, 401);
        let path = format!("/api/v1/containers/{FULL}");
        assert_eq!(site.get_as(&path, &token_for("job_7")).await.status, 403);
    }
    let wrong = mint(
        "not-the-secret-of-this-site",
        Subject::Admin,
        Duration::from_secs(60),
    );
    let open = || {
        let body = serde_json::json!({ "token": wrong }).to_string();
        let request = site.request(Method::POST, "/api/v1/session");
        ask(request
            .header("content-type", "application/json")
            .body(body))
    };
    assert_eq!(site.get_as("/api/v1/me", &wrong).await.status, 401);
    assert_eq!(
        site.get_as(&format!("/container/{FULL}/cpu"), "rubbish")
            .await
            .status,
        401
    );
    assert_eq!(open().await.status, 401);
    let slowed = open().await;
    assert_eq!(slowed.status, 429);
    assert_eq!(slowed.header("content-type"), "application/problem+json");
    let wait_s: u64 = slowed.header("retry-after").parse().unwrap();
    assert!((1..=1_001).contains(&wait_s), "{wait_s}");
    let plain = site.get_as(&format!("/container/{FULL}/cpu"), &wrong).await;
    assert_eq!(plain.status, 429);
    assert!(plain.header("content-type").starts_with("text/plain"));
    assert_eq!(site.get("/api/v1/me").await.status, 200);
    assert_eq!(site.bare("/api/v1/me").await.status, 401);
    let metrics = site.bare("/metrics").await.body;
    let count = "bubble_chamber_http_wrong_tokens_total 5";
    assert!(metrics.lines().any(|line| line == count), "{metrics}");
}

/// A store that never answers.
struct Silent;

#[async_trait]
impl ReadStore for Silent {
    async fn containers(
        &self,
        _: &ContainerQuery,
    ) -> Result<(Vec<ContainerRecord>, u64), StoreError> {
        std::future::pending().await
    }
    async fn container(&self, _: &ContainerId) -> Result<Option<ContainerRecord>, StoreError> {
        std::future::pending().await
    }
    async fn processes(
        &self,
        _: &ContainerId,
        _: &ProcessQuery,
    ) -> Result<Vec<ProcessRecord>, StoreError> {
        std::future::pending().await
    }
    async fn series(&self, _: &ContainerId, _: &SeriesQuery) -> Result<Vec<Series>, StoreError> {
        std::future::pending().await
    }
    async fn cpu_series(
        &self,
        _: &ContainerId,
        _: &CpuSeriesQuery,
    ) -> Result<Vec<CpuSeries>, StoreError> {
        std::future::pending().await
    }
    async fn losses(
        &self,
        _: Option<&ContainerId>,
        _: TimeRange,
    ) -> Result<Vec<LossRecord>, StoreError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_an_answer() {
    let limits = Limits {
        answer: Duration::from_millis(200),
        ..Limits::default()
    };
    let site = site_over(limited(limits), Arc::new(Silent)).await;
    for path in [
        "/api/v1/containers".to_owned(),
        format!("/api/v1/containers/{FULL}/usage"),
    ] {
        let answer = site.get(&path).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, "2"));
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

/// More processes than a socket's buffers hold the answer of.
async fn site_with_many(limits: Limits) -> Site {
    let mut batches = recording();
    let life = life(FULL, T0);
    for number in 0..20_000_u32 {
        let mut one = start(&life, 1, 100 + number, None, T0 * 1_000_000_000);
        let mut ran = exec(
            1,
            T0 * 1_000_000_000,
            "/bin/sh",
            &["sh", &"x".repeat(1_000)],
        );
        one.process = bc_schema::ProcessId(u128::from(number + 1_000).to_le_bytes());
        ran.process = one.process;
        batches[0].starts.push(one);
        batches[0].execs.push(ran);
    }
    site_with(limited(limits), &batches).await
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_is_let_go() {
    let limits = Limits {
        stall: Duration::from_millis(500),
        ..Limits::default()
    };
    let site = site_with_many(limits).await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let whole = format!(
        "GET /api/v1/containers/{FULL}/processes?limit=100000 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: token {}\r\n\r\n",
        admin()
    );
    stream.write_all(whole.as_bytes()).await.unwrap();
    let mut first = [0; 15];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    // Nothing more is read. The connection that asks is the only one left, some time.
    within_patience(async || {
        let metrics = site.bare("/metrics").await.body;
        metrics
            .lines()
            .any(|line| line == "bubble_chamber_http_connections 1")
    })
    .await;
    // What had been sent by then may still be read; then there is an end before the whole.
    let rest = to_the_end(&mut stream).await;
    assert!(
        !rest.contains("0\r\n\r\n") && rest.len() < 20_000_000,
        "{}",
        rest.len()
    );
}
