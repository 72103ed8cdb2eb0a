//! The seed's routes: what its users' scripts read, key by key.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::assert_within;
use crate::harness::http;
use crate::harness::oracle::number;
use crate::harness::program::turn;
use crate::harness::up::{Data, Up, run_oracle};

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .unwrap_or_else(|| panic!("no object: {value}"))
        .keys()
        .map(String::as_str)
        .collect()
}

#[track_caller]
fn ask(up: &Up, path: &str) -> Value {
    let answer = up.api.get(path);
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/json"),
        "{path}: {}",
        answer.body
    );
    answer.json()
}

#[test]
fn what_needs_no_token() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    run_oracle(&data, "job_of_someone", "storm", &["3", "mix"]);
    up.api.past("job_of_someone");
    let ping = http::get(up.api.address, "/ping", &[]);
    assert_eq!(
        (ping.status, ping.body.as_str()),
        (200, r#"{"msg":"pong"}"#)
    );
    let metrics = http::get(up.api.address, "/metrics", &[]);
    assert_eq!(metrics.status, 200);
    assert!(
        metrics.body.lines().any(|line| line.starts_with("# TYPE ")),
        "Prometheus text: {}",
        metrics.body
    );
    assert!(
        !metrics.body.contains("job_of_someone"),
        "no ids in labels: {}",
        metrics.body
    );
    up.stop();
}

#[test]
fn processes_cpu_memory_and_io_have_the_seeds_shape() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let truth = run_oracle(&data, "shape", "burn", &["single", "1500"]).remove(0);
    up.api.past("shape");
    let (parent, burner) = (number(&truth, "pid"), number(&truth, "burner"));

    let all = ask(&up, "/container/shape/proc");
    assert_eq!(keys(&all), BTreeSet::from(["data"]));
    let rows = all["data"].as_array().expect("a list");
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(
            keys(row),
            BTreeSet::from(["id", "exe", "args", "name", "parent", "is_root"])
        );
    }
    let row = |pid: u64| {
        rows.iter()
            .find(|row| row["id"] == pid)
            .unwrap_or_else(|| panic!("no row of {pid}: {all}"))
    };
    assert_eq!(
        (&row(parent)["is_root"], &row(burner)["is_root"]),
        (&Value::from(1), &Value::from(0))
    );
    assert_eq!(row(burner)["parent"], parent);
    assert_eq!(
        (&row(burner)["name"], row(burner)["args"].is_string()),
        (&Value::from("burn"), true)
    );

    let series = |path: &str| {
        ask(&up, path)[burner.to_string()]
            .as_array()
            .unwrap_or_else(|| panic!("{path} has no {burner}"))
            .clone()
    };
    for (path, step_s) in [
        ("cpu", 1),
        ("cpu?interval=m", 60),
        ("cpu?interval=h", 3_600),
        ("cpu?interval=d", 86_400),
        (&format!("cpu/{burner}"), 1),
    ] {
        let points = series(&format!("/container/shape/{path}"));
        for point in &points {
            assert_eq!(keys(point), BTreeSet::from(["proc_name", "ts", "duration"]));
            assert_eq!(point["proc_name"], burner);
            assert_eq!(
                number(point, "ts") % step_s,
                0,
                "{path}: a bucket of UTC: {point}"
            );
        }
        let duration_ns = points.iter().map(|point| number(point, "duration")).sum();
        assert_within(
            &format!("{path} summed"),
            duration_ns,
            number(&truth, "cpu_ns"),
            0.01,
        );
    }
    let memory = series("/container/shape/mem");
    assert!(!memory.is_empty());
    for point in &memory {
        assert_eq!(keys(point), BTreeSet::from(["proc_name", "ts", "vm_size"]));
        assert!(number(point, "vm_size") > 100, "kB: {point}");
    }
    assert_eq!(
        ask(&up, "/container/shape/cpu?top=1")
            .as_object()
            .map(serde_json::Map::len),
        Some(1),
        "the burner alone"
    );
    for (pid, files) in ask(&up, "/container/shape/io")
        .as_object()
        .expect("an object")
    {
        for file in files.as_array().expect("a list") {
            assert_eq!(
                keys(file),
                BTreeSet::from(["file_name", "proc_id", "io_in", "io_out"])
            );
            assert_eq!(file["proc_id"].to_string(), *pid);
        }
    }
    up.stop();
}
