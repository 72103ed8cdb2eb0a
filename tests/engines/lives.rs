//! The same id again: a container that is restarted and a job that is requeued have another life; and what is excluded has none.

use std::process::Command;

use crate::engine::{docker, image, name as unique, named, up, up_with};
use crate::harness::process::Process;
use crate::harness::program::turn;
use crate::harness::up::{Data, RUNS_WITHIN, Up};
use crate::harness::wait;

/// The lives of a container, when there are so many and the last is over.
#[track_caller]
fn lives(up: &Up, id: &str, count: usize) -> Vec<serde_json::Value> {
    wait::until("all lives to be over", RUNS_WITHIN, || {
        let known = up.api.get(&format!("/api/v1/containers/{id}")).json();
        let lives = known["lives"].as_array().cloned().unwrap_or_default();
        match (lives.len() == count, known["state"].as_str()) {
            (true, Some("past")) => Ok(lives),
            _ => Err(known.to_string()),
        }
    })
}

#[test]
fn a_container_that_is_restarted_lives_again() {
    let _turn = turn();
    let data = Data::new();
    let up = up(&data);
    let name = unique("restarted");
    let run = |args: &[&str]| {
        Process::start(&mut docker(args))
            .finish(RUNS_WITHIN)
            .success()
    };
    run(&[
        "create",
        "--name",
        &name,
        "--network",
        "none",
        &image(),
        "/bin/sleep",
        "0.3",
    ]);
    run(&["start", "--attach", &name]);
    let id = wait::until("the first life", RUNS_WITHIN, || named(&up.api, &name)).id;
    lives(&up, &id, 1);
    run(&["start", "--attach", &name]);
    let both = lives(&up, &id, 2);
    let began = |life: &serde_json::Value| life["began_ms"].as_f64();
    assert!(began(&both[0]) > began(&both[1]), "newest first: {both:?}");
    let sleeps = up
        .api
        .processes(&id)
        .into_iter()
        .filter(|row| row.name == "sleep")
        .count();
    assert_eq!(sleeps, 2, "one in each life");
    run(&["rm", &name]);
    up.stop();
}

#[test]
fn an_excluded_container_is_not_there() {
    let _turn = turn();
    let data = Data::new();
    let (out, kept) = (unique("left-out"), unique("kept"));
    let up = up_with(&data, &["--exclude", "bc-left-out-*"]);
    for name in [&out, &kept] {
        Process::start(&mut docker(&[
            "run",
            "--rm",
            "--name",
            name,
            "--network",
            "none",
            &image(),
            "/bin/sleep",
            "0.3",
        ]))
        .finish(RUNS_WITHIN)
        .success();
    }
    wait::until("the container that is kept", RUNS_WITHIN, || {
        named(&up.api, &kept)
    });
    named(&up.api, &out).expect_err("it is not to be recorded");
    up.stop();
}

#[test]
fn a_job_that_is_requeued_lives_again() {
    let _turn = turn();
    let data = Data::new();
    let up = up(&data);
    let marker = data.path().join("ran-before");
    let script = data.path().join("requeued.sh");
    // The first time it waits to be requeued, the second time it ends.
    let text = format!(
        "#!/bin/sh\n[ -e {marker} ] && exit 0\ntouch {marker}\nsleep 600\n",
        marker = marker.display()
    );
    std::fs::write(&script, text).expect("a file can be written");
    let mut sbatch = Command::new("sbatch");
    sbatch
        .args(["--parsable", "--requeue", "--output", "/dev/null"])
        .arg(&script);
    let submitted = Process::start(&mut sbatch).finish(RUNS_WITHIN).success();
    let number = submitted.stdout[0].trim().to_owned();
    let job = format!("job_{number}");
    wait::until("the job's first life", RUNS_WITHIN, || {
        match up.api.container(&job).filter(|_| marker.exists()) {
            Some(live) if live.state == "live" => Ok(()),
            found => Err(format!("{found:?}")),
        }
    });
    Process::start(Command::new("scontrol").args(["requeue", &number]))
        .finish(RUNS_WITHIN)
        .success();
    lives(&up, &job, 1);
    // A requeued job is held back for a while; its user can say that it should start now.
    Process::start(Command::new("scontrol").args([
        "update",
        &format!("jobid={number}"),
        "starttime=now",
    ]))
    .finish(RUNS_WITHIN)
    .success();
    wait::until("the job's second life", RUNS_WITHIN * 3, || {
        let known = up.api.get(&format!("/api/v1/containers/{job}")).json();
        match known["lives"].as_array().map(Vec::len) {
            Some(2) => Ok(()),
            _ => Err(known.to_string()),
        }
    });
    lives(&up, &job, 2);
    up.stop();
}
