//! What a client can send wrong, and never a 5xx for it; what the store can do wrong.

use std::sync::Arc;

use async_trait::async_trait;
use bc_schema::store::{
    ContainerQuery, ContainerRecord, CpuSeries, CpuSeriesQuery, LossRecord, ProcessQuery,
    ProcessRecord, ReadStore, Series, SeriesQuery, StoreError,
};
use bc_schema::{ContainerId, TimeRange};
use bc_web::Config;
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::recording::{FULL, recording};
use crate::site::{Site, admin, ask, config, site, site_over, site_with};

#[tokio::test]
async fn the_matrix_of_bad_requests() {
    let site = site(&recording()).await;
    let id = "0".repeat(32);
    for (path, status, names) in [
        ("containers?limit=0".to_owned(), 400, "limit"),
        ("containers?limit=501".into(), 400, "limit"),
        ("containers?offset=-1".into(), 400, "offset"),
        ("containers?state=dead".into(), 400, "state"),
        ("containers?kind=jail".into(), 400, "kind"),
        (format!("containers?q={}", "x".repeat(5000)), 400, "q"),
        ("containers/job_404".into(), 404, "container"),
        ("containers/job_404/usage".into(), 404, "container"),
        ("containers/%00".into(), 400, "id"),
        ("containers/%ff%fe".into(), 400, "id"),
        (format!("containers/{}", "9".repeat(2000)), 400, "id"),
        (
            format!("containers/{FULL}/processes?sort=size"),
            400,
            "sort",
        ),
        (
            format!("containers/{FULL}/processes?order=up"),
            400,
            "order",
        ),
        (
            format!("containers/{FULL}/processes?limit=100001"),
            400,
            "limit",
        ),
        (
            format!("containers/{FULL}/processes?from=2&to=1"),
            400,
            "from",
        ),
        (
            format!("containers/{FULL}/processes?from=yesterday"),
            400,
            "from",
        ),
        (format!("containers/{FULL}/processes?to=1e99"), 400, "to"),
        (format!("containers/{FULL}/processes/12"), 400, "32"),
        (
            format!("containers/{FULL}/processes/{}", "g".repeat(32)),
            400,
            "32",
        ),
        (format!("containers/{FULL}/processes/{id}"), 404, "process"),
        (format!("containers/{FULL}/processes/12/cpus"), 400, "32"),
        (
            format!("containers/{FULL}/processes/{id}/cpus"),
            404,
            "process",
        ),
        (
            format!("containers/{FULL}/processes/{id}/cpus?points=5001"),
            400,
            "points",
        ),
        (
            format!("containers/{FULL}/processes/{id}/cpus?resolution=w"),
            400,
            "resolution",
        ),
        (
            format!("containers/{FULL}/usage?metric=heat"),
            400,
            "metric",
        ),
        (
            format!("containers/{FULL}/usage?resolution=w"),
            400,
            "resolution",
        ),
        (format!("containers/{FULL}/usage?top=101"), 400, "top"),
        (format!("containers/{FULL}/usage?top=-1"), 400, "top"),
        (format!("containers/{FULL}/usage?points=9"), 400, "points"),
        (
            format!("containers/{FULL}/usage?points=5001"),
            400,
            "points",
        ),
        (
            format!("containers/{FULL}/usage?process=nobody"),
            400,
            "process",
        ),
        (
            format!("containers/{FULL}/usage?process={id}"),
            404,
            "process",
        ),
        (format!("containers/{FULL}/usage?from=NaN"), 400, "from"),
        (
            format!("containers/{FULL}/usage?from=99999999999999999999"),
            400,
            "from",
        ),
        (format!("containers/{FULL}/losses?from=7&to=7"), 400, "from"),
        ("stream?container=job_404".into(), 404, "container"),
        ("stream?container=%0a".into(), 400, "id"),
        ("containers/".into(), 404, ""),
        ("nothing".into(), 404, ""),
    ] {
        let answer = site.get(&format!("/api/v1/{path}")).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{path}"
        );
        assert!(
            answer.json()["detail"].as_str().unwrap().contains(names),
            "{path}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn other_methods_are_told_which_ones_there_are() {
    let site = site(&recording()).await;
    let answer = ask(site.request(Method::PUT, "/api/v1/session")).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (405, "application/problem+json")
    );
    let mut allowed: Vec<&str> = answer.header("allow").split(',').collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["DELETE", "POST"]);
    assert_eq!(ask(site.request(Method::POST, "/ping")).await.status, 405);
    assert_eq!(
        ask(site.request(Method::DELETE, "/api/v1/containers"))
            .await
            .status,
        405
    );
}

#[tokio::test]
async fn nothing_is_a_plain_404_outside_the_api() {
    let site = site(&[]).await;
    let answer = site.bare("/wp-login.php").await;
    assert_eq!(answer.status, 404);
    assert!(answer.header("content-type").starts_with("text/plain"));
    assert_eq!(
        site.bare("/api/v2/me").await.header("content-type"),
        "application/problem+json"
    );
}

/// Sends bytes as they are; the answer's first line.
async fn raw(site: &Site, request: &str) -> String {
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn the_host_header_must_be_ours() {
    let site = site_with(
        Config {
            allowed_hosts: vec!["stats.example.org".into()],
            ..config()
        },
        &recording(),
    )
    .await;
    let with = |hosts: &'static str| raw_with(&site, hosts);
    for good in [
        "Host: 127.0.0.1\r\n",
        "Host: localhost:9\r\n",
        "Host: node1\r\n",
        "Host: Stats.Example.ORG:443\r\n",
        "Host: [::1]\r\n",
    ] {
        assert_eq!(with(good).await, "HTTP/1.1 200 OK", "{good}");
    }
    for bad in [
        "Host: evil.example\r\n",
        "Host: 10.1.2.3\r\n",
        "Host: 127.0.0.1.evil.example\r\n",
        "Host:\r\n",
    ] {
        assert_eq!(with(bad).await, "HTTP/1.1 421 Misdirected Request", "{bad}");
    }
    assert_eq!(with("").await, "HTTP/1.1 400 Bad Request");
    assert_eq!(
        with("Host: 127.0.0.1\r\nHost: evil.example\r\n").await,
        "HTTP/1.1 400 Bad Request"
    );
}

async fn raw_with(site: &Site, hosts: &str) -> String {
    raw(site, &format!("GET /api/v1/me HTTP/1.1\r\n{hosts}Authorization: token {}\r\nConnection: close\r\n\r\n", admin())).await
}

#[tokio::test]
async fn rubbish_on_the_wire_is_no_fault_of_ours() {
    let site = site(&recording()).await;
    for request in [
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n".to_owned(),
        "\u{1}\u{2}\u{3}\r\n\r\n".into(),
        "GET / HTTP/9.9\r\n\r\n".into(),
        "GET api HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".into(),
        format!(
            "GET /{} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
            "a".repeat(20_000)
        ),
        format!(
            "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: bc_{}\r\nConnection: close\r\n\r\n",
            "a".repeat(20_000)
        ),
        "GET /container/%zz/cpu HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".into(),
        "GET /api/v1/me?%ff=%zz&& HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".into(),
    ] {
        let status = raw(&site, &request).await;
        let code: u16 = status
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .unwrap_or(400);
        assert!((300..500).contains(&code), "{status} for {request:.60}");
    }
    assert_eq!(site.bare("/ping").await.status, 200);
}

/// A store that answers every question with an error.
struct Failing(fn() -> StoreError);

#[async_trait]
impl ReadStore for Failing {
    async fn containers(
        &self,
        _: &ContainerQuery,
    ) -> Result<(Vec<ContainerRecord>, u64), StoreError> {
        Err((self.0)())
    }
    async fn container(&self, _: &ContainerId) -> Result<Option<ContainerRecord>, StoreError> {
        Err((self.0)())
    }
    async fn processes(
        &self,
        _: &ContainerId,
        _: &ProcessQuery,
    ) -> Result<Vec<ProcessRecord>, StoreError> {
        Err((self.0)())
    }
    async fn series(&self, _: &ContainerId, _: &SeriesQuery) -> Result<Vec<Series>, StoreError> {
        Err((self.0)())
    }
    async fn cpu_series(
        &self,
        _: &ContainerId,
        _: &CpuSeriesQuery,
    ) -> Result<Vec<CpuSeries>, StoreError> {
        Err((self.0)())
    }
    async fn losses(
        &self,
        _: Option<&ContainerId>,
        _: TimeRange,
    ) -> Result<Vec<LossRecord>, StoreError> {
        Err((self.0)())
    }
}

#[tokio::test]
async fn a_store_that_cannot_answer_now_is_asked_again_later() {
    let failing = || StoreError::Unavailable {
        doing: "reading /secret/place".into(),
        source: "disk full".into(),
    };
    let site = site_over(config(), Arc::new(Failing(failing))).await;
    for path in [
        "/api/v1/containers".to_owned(),
        format!("/api/v1/containers/{FULL}/usage"),
        format!("/container/{FULL}/cpu"),
    ] {
        let answer = site.get(&path).await;
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (503, "2"),
            "{path}"
        );
        assert!(
            !answer.body.contains("secret") && !answer.body.contains("disk"),
            "{}",
            answer.body
        );
    }
}
