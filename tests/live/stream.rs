//! The live stream: news while something runs, and a farewell.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::http;
use crate::harness::oracle;
use crate::harness::program::turn;
use crate::harness::up::{Data, RUNS_WITHIN, Up};

/// How soon something new must be told.
const NEWS_WITHIN: Duration = Duration::from_secs(3);

/// The events of a stream as they come: their names and data.
fn events(up: &Up, path: &str, token: &str) -> mpsc::Receiver<(String, Value)> {
    let (send, events) = mpsc::channel();
    let (address, path, authorization) =
        (up.api.address, path.to_owned(), format!("Bearer {token}"));
    std::thread::spawn(move || {
        let mut name = String::new();
        for line in http::lines(address, &path, &[("Authorization", &authorization)]) {
            if let Some(event) = line.strip_prefix("event:") {
                name = event.trim().to_owned();
            } else if let Some(data) = line.strip_prefix("data:") {
                let data =
                    serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}"));
                if send.send((name.clone(), data)).is_err() {
                    break;
                }
            }
        }
    });
    events
}

#[test]
fn news_comes_within_three_seconds_and_shutdown_says_goodbye() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let list = events(&up, "/api/v1/stream", &up.api.token);
    let run = data.run("news", &[&oracle::path("burn"), "single", "2500"]);
    let began = Instant::now();
    // Each tick may be of something else: the container is there at one of those of the first three seconds.
    while up.api.container("news").is_none() {
        let left = NEWS_WITHIN.saturating_sub(began.elapsed());
        let (name, news) = list
            .recv_timeout(left)
            .expect("a new container is news within 3 s");
        assert_eq!(name, "tick");
        assert!(
            news["until_ms"].is_number() && news["containers_changed"].is_boolean(),
            "{news}"
        );
    }

    let own = events(&up, "/api/v1/stream?container=news", &up.api.token);
    let until = Instant::now();
    for nth in 0..2 {
        let (name, _) = own
            .recv_timeout(NEWS_WITHIN)
            .unwrap_or_else(|error| panic!("tick {nth}: {error}"));
        assert_eq!(name, "tick");
    }
    assert!(
        until.elapsed() < NEWS_WITHIN,
        "a running container is news every second"
    );
    assert!(
        up.api
            .container("news")
            .is_some_and(|container| container.cpu_ns > 0)
    );
    run.finish(RUNS_WITHIN).success();
    up.stop();
    let (name, data) = own.iter().last().expect("a farewell");
    assert_eq!(
        (name.as_str(), &data["why"]),
        ("bye", &Value::from("shutdown"))
    );
}

#[test]
fn a_stream_ends_with_its_token() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    data.run("short", &["true"]).finish(RUNS_WITHIN).success();
    up.api.past("short");
    let token = data.token(&["--container", "short", "--for", "3s"]);
    let (name, data) = events(&up, "/api/v1/stream?container=short", &token)
        .into_iter()
        .find(|(name, _)| name == "bye")
        .expect("the stream ends with a word");
    assert_eq!(
        (name.as_str(), &data["why"]),
        ("bye", &Value::from("expired"))
    );
    up.stop();
}
