//! `up` on a disk that fills up and is freed again: it records in memory, says so, and nothing is missing in the end.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::database::{assert_sound, dumped, seconds_of};
use crate::disk::Disk;
use crate::harness::program::turn;
use crate::harness::up::{Data, RUNS_WITHIN, Up};
use crate::harness::wait;

/// Uses CPU until its standard input is closed.
pub(crate) const BUSY: [&str; 3] = [
    "/bin/sh",
    "-c",
    "nice -n 19 sh -c 'while :; do :; done' & cat > /dev/null; kill $!; wait",
];

/// Until an answer shows what has changed.
const SHOWS_WITHIN: Duration = Duration::from_secs(60);

fn problem(up: &Up) -> Option<String> {
    let me = up.api.get("/api/v1/me").json();
    assert_eq!(me["recording"], true, "recording goes on: {me}");
    me["recording_problem"].as_str().map(str::to_owned)
}

fn metric(up: &Up, name: &str) -> u64 {
    let page = up.api.get("/metrics").body;
    page.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
        .unwrap_or_else(|| panic!("no {name} in {page}"))
}

#[test]
fn a_full_disk_is_waited_out_in_memory_and_nothing_is_missing() {
    let _turn = turn();
    let disk = Disk::new();
    let data = Data::at(&disk.path().join("data"));
    let up = data.up(&[]);
    let mut run = data.run("full", &BUSY);
    let samples = |at_least: u64| {
        wait::until("samples", RUNS_WITHIN, || {
            let taken = metric(&up, "bubble_chamber_samples_total");
            (taken >= at_least)
                .then_some(taken)
                .ok_or(format!("{taken}"))
        })
    };
    let stored = |up: &Up| up.api.container("full").map_or(0.0, |c| c.last_record_ms);
    wait::until("the first records", RUNS_WITHIN, || {
        (stored(&up) > 0.0).then_some(()).ok_or("none".to_owned())
    });
    assert_eq!(problem(&up), None);

    // What the store gives up to help itself is taken away too, until it has nothing left.
    let said = wait::until("word of the full disk", SHOWS_WITHIN, || {
        disk.fill();
        problem(&up).ok_or("no problem is told".to_owned())
    });
    for part in ["bubble-chamber.db", "free some space", "in memory", "wait"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(up.stderr().contains("records wait in memory"));
    let before = stored(&up);
    // Recording goes on meanwhile.
    samples(metric(&up, "bubble_chamber_samples_total") + 6);
    wait::until("samples that wait", SHOWS_WITHIN, || {
        disk.fill();
        let waiting = metric(&up, "bubble_chamber_waiting_samples");
        (waiting >= 3).then_some(()).ok_or(format!("{waiting}"))
    });

    disk.free();
    wait::until("the end of the problem", SHOWS_WITHIN, || {
        problem(&up).map_or(Ok(()), Err)
    });
    wait::until("what had waited", SHOWS_WITHIN, || {
        (stored(&up) > before + 2_000.0)
            .then_some(())
            .ok_or("it is not stored".to_owned())
    });
    assert_eq!(metric(&up, "bubble_chamber_waiting_samples"), 0);
    assert!(up.stderr().contains("records are stored again"));

    run.close_stdin();
    run.finish(RUNS_WITHIN).success();
    up.api.past("full");
    up.stop();

    let processes = dumped(data.path(), &["--container", "full", "--what", "processes"]);
    let busy = processes
        .iter()
        .max_by_key(|process| process["cpu_ns"].as_u64())
        .expect("something ran");
    let usage = dumped(data.path(), &["--container", "full", "--resolution", "s"]);
    let (seconds, cpu_ns) = seconds_of(&usage, busy["process"].as_str().expect("an id"));
    assert_eq!(Some(cpu_ns), busy["cpu_ns"].as_u64(), "no usage is missing");
    let declared: BTreeSet<u64> = dumped(data.path(), &["--container", "full", "--what", "losses"])
        .iter()
        .map(|loss| loss["second_ns"].as_u64().expect("a time") / 1_000_000_000)
        .collect();
    let (first, last) = (
        *seconds.first().expect("it ran"),
        *seconds.last().expect("it ran"),
    );
    assert!(last - first >= 6, "{first} to {last}");
    // The machine may have been too busy for a sample: then that was declared.
    let missing: Vec<u64> = (first..=last)
        .filter(|second| !seconds.contains(second) && !declared.contains(second))
        .collect();
    assert_eq!(
        missing, [0; 0],
        "seconds without a record and without a word"
    );
    assert_sound(data.path());
    drop(disk.unmount());
}
