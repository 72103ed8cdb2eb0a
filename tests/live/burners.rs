//! CPU burners in every shape in which threads come and go: one process each, and the CPU that its threads measured themselves.

use crate::harness::api::Process;
use crate::harness::assert_within;
use crate::harness::oracle::number;
use crate::harness::program::turn;
use crate::harness::up::{Data, run_oracle};

/// Lets it burn; returns the burner's row, whose CPU is right.
fn burn(args: &[&str]) -> Process {
    let data = Data::new();
    let up = data.up(&[]);
    let truth = run_oracle(&data, "burn", "burn", args).remove(0);
    up.api.past("burn");
    let processes = up.api.processes("burn");
    up.stop();

    assert_eq!(
        processes.len(),
        2,
        "the burner and the one who waits for it, one row each: {processes:?}"
    );
    let burner = processes
        .into_iter()
        .find(|process| u64::from(process.pid) == number(&truth, "burner"))
        .expect("the burner has a row");
    assert_within(
        &format!("CPU of burn {args:?}"),
        burner.total("cpu_ns"),
        number(&truth, "cpu_ns"),
        0.01,
    );
    assert_eq!(
        (burner.exit_code, burner.signal),
        (Some(0), None),
        "{burner:?}"
    );
    let (user_ns, system_ns) = (burner.total("user_ns"), burner.total("system_ns"));
    assert_within(
        "user and system time together",
        user_ns + system_ns,
        burner.total("cpu_ns"),
        0.001,
    );
    burner
}

#[test]
fn a_single_thread() {
    let _turn = turn();
    let burner = burn(&["single", "600"]);
    assert!(burner.inherited, "it only forked: {burner:?}");
}

#[test]
fn several_threads() {
    let _turn = turn();
    burn(&["threads", "4", "300"]);
}

#[test]
fn a_leader_that_ends_before_its_threads() {
    let _turn = turn();
    burn(&["leader-first", "4", "300"]);
}

#[test]
fn threads_that_end_early() {
    let _turn = turn();
    burn(&["early", "40", "400"]);
}

#[test]
fn an_exec_from_a_thread_that_is_not_the_leader() {
    let _turn = turn();
    let burner = burn(&["thread-exec", "3", "300"]);
    assert_eq!(
        burner.args()[..2],
        ["burn", "after-exec"],
        "the exec is its own: {burner:?}"
    );
    assert!(!burner.inherited, "{burner:?}");
}

#[test]
fn a_curve_adds_up_to_the_total() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let truth = run_oracle(&data, "curve", "burn", &["single", "2500"]).remove(0);
    let container = up.api.past("curve");
    let usage = up
        .api
        .get("/api/v1/containers/curve/usage?metric=cpu&resolution=s&points=5000");
    assert_eq!(usage.status, 200, "{}", usage.body);
    let usage = usage.json();
    assert_eq!(usage["unit"], "ns_per_s");
    let step_s = usage["step_ms"].as_f64().expect("a step has a length") / 1_000.0;
    let means: Vec<f64> = usage["total"]["mean"]
        .as_array()
        .expect("a curve")
        .iter()
        .filter_map(serde_json::Value::as_f64)
        .collect();
    let area_ns = means.iter().sum::<f64>() * step_s;
    // Unless the machine was too busy for one: then that is declared.
    let losses = up.api.losses("curve");
    let missed = losses.iter().filter(|loss| loss.reason == "samples_missed");
    assert!(
        means.len() + missed.count() >= 3,
        "2.5 s have three seconds with a sample: {usage}, {losses:?}"
    );
    assert_within(
        "the area under the curve",
        area_ns as u64,
        container.cpu_ns,
        0.01,
    );
    assert_within(
        "the container's CPU",
        container.cpu_ns,
        number(&truth, "cpu_ns"),
        0.01,
    );
    up.stop();
}
