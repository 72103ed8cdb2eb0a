//! The live stream: news while something runs, and a farewell. How soon news comes is shown by the page's tests.

use std::sync::mpsc;

use serde_json::Value;

use crate::harness::http;
use crate::harness::program::turn;
use crate::harness::up::{Data, RUNS_WITHIN, Up};
use crate::harness::wait::{self, PATIENCE};

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
fn news_comes_by_itself_and_shutdown_says_goodbye() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let list = events(&up, "/api/v1/stream", &up.api.token);
    // It burns for as long as nobody closes its standard input.
    let script = "sh -c 'while :; do :; done' & cat > /dev/null; kill $!; wait";
    let run = data.run("news", &["sh", "-c", script]);
    // Nothing is asked but when there is news; each tick may be of something else.
    loop {
        let (name, news) = list.recv_timeout(PATIENCE).expect("there is news");
        assert_eq!(name, "tick");
        assert!(
            news["until_ms"].is_number() && news["containers_changed"].is_boolean(),
            "{news}"
        );
        if up.api.container("news").is_some() {
            break;
        }
    }

    let own = events(&up, "/api/v1/stream?container=news", &up.api.token);
    let mut until_ms = Vec::new();
    for nth in 0..3 {
        let (name, tick) = own
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|error| panic!("tick {nth}: {error}"));
        assert_eq!(name, "tick");
        until_ms.push(tick["until_ms"].as_f64().expect("a time"));
    }
    assert!(
        until_ms.is_sorted_by(|earlier, later| earlier < later),
        "a running container is news again and again: {until_ms:?}"
    );
    wait::until("what it uses", PATIENCE, || {
        let container = up.api.container("news").ok_or("it is gone")?;
        (container.cpu_ns > 0)
            .then_some(())
            .ok_or(format!("{container:?}"))
    });
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
    let token = data.token(&["--container", "short", "--for", "8s"]);
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
