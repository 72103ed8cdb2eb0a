//! `recorder --check`: says how this kernel stands, by trying.

use std::process::Command;

use serde_json::Value;

use crate::harness::process::{Ended, Process};
use crate::harness::program::{self, turn};
use crate::harness::up::Data;
use crate::harness::wait::PATIENCE;

fn check(words: &[&str]) -> Ended {
    let words = [&["recorder", "--check"], words].concat();
    Process::start(&mut program::command(&words)).finish(PATIENCE)
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout.join("\n")).expect("it answers in JSON")
}

#[test]
fn it_tries_what_recording_does_also_beside_an_up() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let found = json(&check(&["--json"]).success());
    assert_eq!(found["problem"], Value::Null);
    let rows = found["capabilities"].as_array().expect("a list");
    for row in rows {
        let is_hook = row["by"].as_str().is_some_and(|by| by == "sched_switch");
        let state = row["state"].as_str().expect("a word");
        assert_ne!(state, "untried", "{row}");
        assert!(!is_hook || state == "works", "{row}");
        // Whatever does not work says what it costs, or what is in its place.
        let says = !row["lost"].is_null() || !row["instead"].is_null();
        assert_eq!(says, state != "works", "{row}");
    }
    let text = check(&[]).success().stdout;
    assert_eq!(
        text.last().map(String::as_str),
        Some("recording is possible")
    );
    assert!(rows.iter().all(|row| {
        let gives = row["gives"].as_str().expect("a sentence");
        text.iter().any(|line| line.contains(gives))
    }));
    up.stop();
}

/// In surroundings that a shell makes, where nobody else sees them.
#[track_caller]
fn impossible(unshared: &[&str], before: &str, why: &str) {
    let program = program::path().to_str().expect("its name is text");
    let script = format!("{before} exec {program} recorder --check");
    let words = [unshared, &["sh", "-c", &script]].concat();
    let ended = Process::start(Command::new("unshare").args(words)).finish(PATIENCE);
    assert_eq!(ended.code(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains(why), "{}", ended.stderr);
    assert_eq!(
        ended.stdout.last().map(String::as_str),
        Some("recording is not possible")
    );
}

#[test]
fn where_nothing_can_be_recorded_it_says_why_and_what_to_do() {
    let _turn = turn();
    impossible(&["--fork", "--pid"], "", "--pid=host");
    // The kernel programs work there, and an `up` would not.
    let hidden = "mount -t tmpfs none /sys/fs/cgroup &&";
    impossible(&["--mount"], hidden, "no cgroup hierarchy is mounted");
    impossible(
        &["--mount"],
        "mount -t tmpfs none /proc &&",
        "is /proc mounted?",
    );
}
