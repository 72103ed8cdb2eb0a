//! `up` on a disk that fills up and is freed again: it records in memory, says so, and nothing is missing in the end.

use crate::busy::{BUSY, SHOWS_WITHIN, assert_no_gap, metric, problem, stored_ms};
use crate::database::assert_sound;
use crate::disk::Disk;
use crate::harness::program::turn;
use crate::harness::up::{Data, RUNS_WITHIN};
use crate::harness::wait;

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
    wait::until("the first records", RUNS_WITHIN, || {
        (stored_ms(&up, "full") > 0.0)
            .then_some(())
            .ok_or("none".to_owned())
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
    up.has_logged("records wait in memory");
    let before = stored_ms(&up, "full");
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
        (stored_ms(&up, "full") > before + 2_000.0)
            .then_some(())
            .ok_or("it is not stored".to_owned())
    });
    wait::until("nothing to wait any more", SHOWS_WITHIN, || {
        match metric(&up, "bubble_chamber_waiting_samples") {
            0 => Ok(()),
            waiting => Err(format!("{waiting}")),
        }
    });
    up.has_logged("records are stored again");

    run.close_stdin();
    run.finish(RUNS_WITHIN).success();
    up.api.past("full");
    up.stop();

    assert_no_gap(data.path(), "full");
    assert_sound(data.path());
    drop(disk.unmount());
}
