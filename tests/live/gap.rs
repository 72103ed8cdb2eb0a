//! A recorder that stands still: the seconds it missed are declared, and the totals stay exact.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::signal::Signal;

use crate::harness::assert_within;
use crate::harness::oracle::{self, number, truths};
use crate::harness::program::turn;
use crate::harness::up::{Data, RUNS_WITHIN};
use crate::harness::wait;

const STOPPED_FOR: Duration = Duration::from_secs(3);

fn now_ms() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is set")
        .as_secs_f64()
        * 1e3
}

#[test]
fn seconds_without_samples_are_declared_and_totals_stay_exact() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let run = data.run("gap", &[&oracle::path("burn"), "single", "6000"]);
    let burner = wait::until("the burner's first sample", RUNS_WITHIN, || {
        up.api.container("gap").ok_or("the run is not known")?;
        let processes = up.api.processes("gap");
        processes
            .into_iter()
            .find(|p| {
                p.totals
                    .get("cpu_ns")
                    .is_some_and(|cpu_ns| *cpu_ns > 500_000_000)
            })
            .ok_or("no sample".to_owned())
    });

    up.signal(Signal::SIGSTOP);
    let stopped_ms = now_ms();
    wait::let_pass(STOPPED_FOR);
    let resumed_ms = now_ms();
    up.signal(Signal::SIGCONT);

    let truth = truths(&run.finish(RUNS_WITHIN).success().stdout).remove(0);
    up.api.past("gap");
    let missed: Vec<_> = up
        .api
        .losses("gap")
        .into_iter()
        .filter(|loss| loss.reason == "samples_missed")
        .collect();
    let count: u64 = missed.iter().map(|loss| loss.count).sum();
    // A sample is due each second; three seconds hold two that must be missed, and at most four that can be.
    assert!(
        (2..=4).contains(&count),
        "{STOPPED_FOR:?} without samples were declared as {count}: {missed:?}"
    );
    for loss in &missed {
        // Told by its second: the one that the stop fell into may have begun before it.
        assert!(
            (stopped_ms - 1_000.0..=resumed_ms).contains(&loss.at_ms),
            "{loss:?} is not between {stopped_ms} and {resumed_ms}"
        );
    }

    let usage = up
        .api
        .get(&format!(
            "/api/v1/containers/gap/usage?metric=cpu&resolution=s&process={}",
            burner.id
        ))
        .json();
    assert_eq!(
        usage["losses"].as_array().map_or(0, |losses| losses
            .iter()
            .filter(|loss| loss["reason"] == "samples_missed")
            .count()),
        missed.len(),
        "the loss stands on the chart it touches: {usage}"
    );
    let row = up.api.process("gap", &burner.id);
    assert_within(
        "CPU across the gap",
        row.total("cpu_ns"),
        number(&truth, "cpu_ns"),
        0.01,
    );
    up.stop();
}
