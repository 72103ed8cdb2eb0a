//! A database that is taken away, or replaced, under a running `up`: nothing is written elsewhere, and nothing is missing once it is back.

use std::fs;

use crate::busy::{BUSY, SHOWS_WITHIN, assert_no_gap, problem, stored_ms};
use crate::database::assert_sound;
use crate::harness::program::turn;
use crate::harness::up::{Data, RUNS_WITHIN};
use crate::harness::wait;

#[test]
fn a_database_that_is_away_is_waited_for() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let mut run = data.run("away", &BUSY);
    wait::until("the first records", RUNS_WITHIN, || {
        (stored_ms(&up, "away") > 0.0)
            .then_some(())
            .ok_or("none".to_owned())
    });
    let file = data.path().join("bubble-chamber.db");
    let aside = data.path().join("aside.db");
    let told = |part: &str| {
        wait::until(part, SHOWS_WITHIN, || {
            problem(&up)
                .filter(|said| said.contains(part))
                .ok_or("it is not told".to_owned())
        })
    };

    let before_ms = stored_ms(&up, "away");
    fs::rename(&file, &aside).expect("it can be moved");
    told("was removed or renamed");
    let theirs = b"not yours to write to";
    fs::write(&file, theirs).expect("it can be written");
    told("another file was put in its place");
    assert_eq!(fs::read(&file).expect("it is there"), theirs);

    fs::rename(&aside, &file).expect("it can be moved back");
    wait::until("the end of the problem", SHOWS_WITHIN, || {
        problem(&up).map_or(Ok(()), Err)
    });
    // Long enough for a gap to show.
    wait::until("what was recorded meanwhile", SHOWS_WITHIN, || {
        (stored_ms(&up, "away") > before_ms + 5_000.0)
            .then_some(())
            .ok_or("it is not stored".to_owned())
    });
    run.close_stdin();
    run.finish(RUNS_WITHIN).success();
    up.api.past("away");
    up.stop();
    assert_no_gap(data.path(), "away");
    assert_sound(data.path());
}
