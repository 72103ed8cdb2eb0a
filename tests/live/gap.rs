//! A recorder that stands still: the seconds it missed are declared, and the totals stay exact.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::signal::Signal;
use nix::time::{ClockId, clock_gettime};

use crate::harness::api::Process;
use crate::harness::assert_within;
use crate::harness::oracle::{self, number, truths};
use crate::harness::process as started;
use crate::harness::program::{self, turn};
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
    let mut run = data.run("gap", &[&oracle::path("burn"), "pause", "400"]);
    run.line(RUNS_WITHIN);
    let burner = wait::until("the burner's first sample", RUNS_WITHIN, || {
        up.api.container("gap").ok_or("the run is not known")?;
        let processes = up.api.processes("gap");
        processes
            .into_iter()
            .find(|p| {
                p.totals
                    .get("cpu_ns")
                    .is_some_and(|cpu_ns| *cpu_ns > 300_000_000)
            })
            .ok_or("no sample".to_owned())
    });

    up.signal(Signal::SIGSTOP);
    let stopped_ms = now_ms();
    wait::let_pass(STOPPED_FOR);
    let resumed_ms = now_ms();
    up.signal(Signal::SIGCONT);

    run.close_stdin();
    let truth = truths(&run.finish(RUNS_WITHIN).success().stdout).remove(0);
    up.api.past("gap");
    let missed: Vec<_> = up
        .api
        .losses("gap")
        .into_iter()
        .filter(|loss| loss.reason == "samples_missed")
        .collect();
    // Told by its second: the one that the stop fell into may have begun before it. A busy machine may miss more, before and after.
    let stopped = missed
        .iter()
        .filter(|loss| (stopped_ms - 1_000.0..=resumed_ms).contains(&loss.at_ms));
    let count: u64 = stopped.map(|loss| loss.count).sum();
    // A sample is due each second; three seconds hold two that must be missed.
    let most = ((resumed_ms - stopped_ms) / 1e3) as u64 + 2;
    assert!(
        (STOPPED_FOR.as_secs() - 1..=most).contains(&count),
        "{STOPPED_FOR:?} without samples were declared as {count}: {missed:?}"
    );

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

#[test]
fn a_killed_recorder_is_missed_from_the_last_second_that_was_stored() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    // Who sleeps has no sample in most seconds; that it was looked at is stored all the same.
    let mut run = data.run("sleepers", &["sh", "-c", "cat > /dev/null; exit 0"]);
    let stored_ms = wait::until("seconds of sleep", RUNS_WITHIN, || {
        let container = up.api.container("sleepers").ok_or("it is not known")?;
        let all = up.api.processes("sleepers");
        let began_ms = all
            .iter()
            .map(|process| process.start_ms)
            .fold(0.0, f64::max);
        let slept_ms = container.last_record_ms - began_ms;
        (all.len() == 2 && slept_ms > 5_000.0)
            .then_some(container.last_record_ms)
            .ok_or(format!("{slept_ms} ms, {all:?}"))
    });
    up.signal(Signal::SIGKILL);
    drop(up);
    let killed_ms = now_ms();

    let up = data.up(&[]);
    let gap = wait::until("the gap", RUNS_WITHIN, || {
        let losses = up.api.losses("sleepers");
        let gap = losses
            .iter()
            .find(|loss| loss.reason == "recorder_down" && loss.container);
        gap.cloned().ok_or(format!("{losses:?}"))
    });
    println!(
        "killed {:.0} ms after the gap's beginning",
        killed_ms - gap.at_ms
    );
    // Told by its second.
    assert!(
        (stored_ms - 1_000.0..=killed_ms + 1_000.0).contains(&gap.at_ms),
        "{gap:?}: stored until {stored_ms}, killed at {killed_ms}"
    );
    assert!(
        gap.at_ms + 1e3 * (gap.count + 1) as f64 >= killed_ms,
        "{gap:?}: killed at {killed_ms}"
    );
    run.close_stdin();
    run.finish(RUNS_WITHIN).success();
    up.api.past("sleepers");
    up.stop();
}

/// Realtime less boot clock, ns.
fn offset_ns() -> i128 {
    let read_ns = |clock| {
        let time = clock_gettime(clock).expect("the kernel has this clock");
        i128::from(time.tv_sec()) * 1_000_000_000 + i128::from(time.tv_nsec())
    };
    read_ns(ClockId::CLOCK_REALTIME) - read_ns(ClockId::CLOCK_BOOTTIME)
}

#[test]
fn a_clock_that_was_set_back_between_two_recorders_takes_nothing_from_totals() {
    const AHEAD_S: i64 = 3_600;
    let _turn = turn();
    let data = Data::new();
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    let boot = boot.expect("the kernel says its boot").replace('-', "");
    // As a recorder leaves it whose clock was an hour ahead.
    let ahead_ns = offset_ns() + i128::from(AHEAD_S) * 1_000_000_000;
    let kept = data.path().join("clock");
    std::fs::write(&kept, format!("{} {ahead_ns}\n", boot.trim())).expect("it can be written");
    let up = data.up(&[]);
    up.has_logged("the machine's clock was set back");
    let mut run = data.run("set-back", &[&oracle::path("burn"), "pause", "400"]);
    run.line(RUNS_WITHIN);
    wait::until("a sample", RUNS_WITHIN, || {
        up.api.container("set-back").ok_or("the run is not known")?;
        let all = up.api.processes("set-back");
        let burned = |p: &Process| p.totals.get("cpu_ns").is_some_and(|ns| *ns > 300_000_000);
        all.iter()
            .any(burned)
            .then_some(())
            .ok_or(format!("{all:?}"))
    });
    up.signal(Signal::SIGKILL);
    drop(up);

    let up = data.up(&[]);
    run.close_stdin();
    let truth = truths(&run.finish(RUNS_WITHIN).success().stdout).remove(0);
    let container = up.api.past("set-back");
    let ahead_ms = container.last_record_ms - now_ms();
    assert!(ahead_ms > (AHEAD_S - 600) as f64 * 1e3, "{ahead_ms} ms");
    let most = up.api.processes("set-back").into_iter();
    let burner = most.max_by_key(|p| p.total("cpu_ns")).expect("it is there");
    assert_within(
        "CPU over both",
        burner.total("cpu_ns"),
        number(&truth, "cpu_ns"),
        0.01,
    );
    up.stop();
    let check = ["db", "check", "--data", data.as_str()];
    let check = started::Process::start(&mut program::command(&check));
    check.finish(RUNS_WITHIN).success();
}
