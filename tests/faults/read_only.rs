//! `up` on a disk that the kernel takes all writing away from: it says so, ends orderly, and what was stored is there after the repair.

use crate::busy::{BUSY, SHOWS_WITHIN, problem};
use crate::database::{assert_sound, dumped};
use crate::disk::Disk;
use crate::harness::process::Process;
use crate::harness::program::{self, turn};
use crate::harness::up::{ANY_PORT, Data, RUNS_WITHIN};
use crate::harness::wait;

#[test]
fn a_disk_that_turns_read_only_is_told_and_nothing_stored_is_harmed() {
    let _turn = turn();
    let disk = Disk::new();
    let data = Data::at(&disk.path().join("data"));
    let up = data.up(&[]);
    data.run("before", &["/bin/true"])
        .finish(RUNS_WITHIN)
        .success();
    up.api.past("before");

    let run = data.run("meanwhile", &BUSY);
    wait::until("its record", SHOWS_WITHIN, || {
        up.api
            .container("meanwhile")
            .ok_or("it is not known".to_owned())
    });
    disk.break_down();
    let said = wait::until("word of the disk", SHOWS_WITHIN, || {
        problem(&up).ok_or("it is not told".to_owned())
    });
    assert!(
        said.contains("bubble-chamber.db") && said.contains("read-only"),
        "{said}"
    );
    // What is stored is still told, and can be looked over.
    assert!(up.api.container("before").is_some());
    assert_sound(data.path());
    let ended = up.terminate();
    run.finish(RUNS_WITHIN);
    assert_eq!(ended.code(), 1);
    assert!(
        ended.stderr.contains("records are lost"),
        "what is lost is told: {}",
        ended.stderr
    );

    // Nobody records into it until it can be written again.
    let args = ["up", "--data", data.as_str(), "--listen", ANY_PORT];
    let refused = Process::start(&mut program::command(&args)).finish(RUNS_WITHIN);
    assert_eq!(refused.code(), 1);
    assert!(
        refused.stderr.contains("Read-only file system") && refused.stderr.contains("--data"),
        "{}",
        refused.stderr
    );

    let disk = disk.repair();
    assert_sound(data.path());
    let processes = dumped(
        data.path(),
        &["--container", "before", "--what", "processes"],
    );
    assert_eq!(processes.len(), 1);
    let up = data.up(&[]);
    data.run("after", &["/bin/true"])
        .finish(RUNS_WITHIN)
        .success();
    up.api.past("after");
    up.stop();
    drop(disk.unmount());
}
