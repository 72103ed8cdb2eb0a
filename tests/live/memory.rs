//! Memory: what is held, the peak that no sampler saw, and a peak that belongs to the parent.

use serde_json::Value;

use crate::harness::api::Process;
use crate::harness::assert_within;
use crate::harness::oracle::number;
use crate::harness::program::turn;
use crate::harness::up::{Data, Up, run_oracle};

const MIB: u64 = 1 << 20;

/// The row of the process that stated a truth.
fn row(up: &Up, container: &str, truth: &Value) -> Process {
    up.api.past(container);
    let pid = number(truth, "pid");
    up.api
        .processes(container)
        .into_iter()
        .find(|process| u64::from(process.pid) == pid)
        .expect("the oracle has a row")
}

#[test]
fn held_memory_is_the_level_and_the_peak() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let truth = run_oracle(&data, "hold", "hold", &["hold", "300", "2000"]).remove(0);
    let process = row(&up, "hold", &truth);

    let usage = up
        .api
        .get(&format!(
            "/api/v1/containers/hold/usage?metric=memory&resolution=s&process={}",
            process.id
        ))
        .json();
    let levels: Vec<u64> = usage["series"][0]["mean"]
        .as_array()
        .expect("a curve")
        .iter()
        .filter_map(Value::as_u64)
        .collect();
    // Two seconds of holding have two samples. One before them may fall into the taking of it, which is long on a busy machine.
    let truth_bytes = number(&truth, "rss_bytes") as f64;
    let held = levels
        .iter()
        .filter(|level| (**level as f64 / truth_bytes - 1.0).abs() <= 0.02);
    // Unless the machine was too busy for one: then that is declared.
    let losses = up.api.losses("hold");
    let missed = losses.iter().filter(|loss| loss.reason == "samples_missed");
    assert!(
        held.count() + missed.count() >= 2,
        "{truth_bytes} bytes are held: {usage}, {losses:?}"
    );
    assert!(
        levels
            .iter()
            .all(|level| *level as f64 <= 1.02 * truth_bytes),
        "never more than {truth_bytes} bytes: {usage}"
    );
    assert_within(
        "peak since exec",
        process.total("peak_rss_bytes"),
        number(&truth, "peak_bytes"),
        0.01,
    );
    up.stop();
}

#[test]
fn a_peak_between_two_samples_is_not_missed() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let truth = run_oracle(&data, "spike", "hold", &["spike", "300"]).remove(0);
    assert_within(
        "peak since exec",
        row(&up, "spike", &truth).total("peak_rss_bytes"),
        number(&truth, "peak_bytes"),
        0.01,
    );
    up.stop();
}

#[test]
fn a_small_program_does_not_inherit_the_peak_of_a_large_parent() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let truths = run_oracle(&data, "vfork", "hold", &["vfork", "300"]);
    let truth = truths
        .iter()
        .find(|truth| truth["what"] == "small")
        .expect("the small program speaks");
    let process = row(&up, "vfork", truth);
    // A process of a few pages: the kernel batches its counters, so that 1 % of it cannot be told; its size can.
    let (peak, own) = (process.total("peak_rss_bytes"), number(truth, "peak_bytes"));
    assert!(
        peak.abs_diff(own) <= 2 * MIB,
        "peak since exec: recorded {peak}, by its own count {own}"
    );
    // What wait4 and time(1) say of it is kept beside.
    assert_within(
        "ru_maxrss",
        process.total("max_rss_bytes"),
        number(truth, "maxrss_bytes"),
        0.01,
    );
    up.stop();
}
