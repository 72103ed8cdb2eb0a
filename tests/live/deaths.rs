//! Ends, orphans, execs and pids used again: each recorded as what it was.

use std::os::unix::fs::symlink;

use nix::sys::signal::Signal;

use crate::harness::api::Process;
use crate::harness::cgroup::Cgroup;
use crate::harness::oracle::{self, number, truths};
use crate::harness::process;
use crate::harness::program::turn;
use crate::harness::up::{Data, RUNS_WITHIN, run_oracle};
use crate::harness::wait;

/// What wait said of a child, and what its row says, are the same.
fn assert_same_end(truth: &serde_json::Value, process: &Process) {
    let of = format!("{truth}, recorded as {process:?}");
    assert_eq!(
        process.exit_code.map(u64::from),
        truth["exit_code"].as_u64(),
        "exit code of {of}"
    );
    assert_eq!(
        process.signal.map(u64::from),
        truth["signal"].as_u64(),
        "signal of {of}"
    );
    assert_eq!(
        process.core_dumped,
        truth["core_dumped"].as_bool().unwrap_or(false),
        "core of {of}"
    );
    assert!(!process.end_unseen, "{of}");
    let name = process.signal.map(|signal| {
        Signal::try_from(i32::from(signal))
            .expect("the kernel knows it")
            .as_str()
    });
    assert_eq!(
        process.signal_name.as_deref(),
        name,
        "name of the signal of {of}"
    );
}

#[test]
fn exits_and_signals() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let truths = run_oracle(&data, "codes", "deaths", &["codes"]);
    up.api.past("codes");
    let processes = up.api.processes("codes");
    assert_eq!(processes.len(), truths.len() + 1, "{processes:?}");
    for truth in &truths {
        let process = processes
            .iter()
            .find(|p| u64::from(p.pid) == number(truth, "pid"))
            .unwrap_or_else(|| panic!("no row for {truth}"));
        assert_same_end(truth, process);
        assert!(!process.oom_killed, "{process:?}");
    }
    up.stop();
}

#[test]
fn a_daemon_outlives_its_launcher_and_keeps_the_parent_it_was_born_of() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let truths = run_oracle(&data, "daemon", "deaths", &["daemon"]);
    up.api.past("daemon");
    let processes = up.api.processes("daemon");
    let row = |what: &str| {
        let truth = truths
            .iter()
            .find(|truth| truth["what"] == what)
            .unwrap_or_else(|| panic!("no truth about {what}"));
        let process = processes
            .iter()
            .find(|p| u64::from(p.pid) == number(truth, "pid"))
            .unwrap_or_else(|| panic!("no row for {truth}"));
        assert_same_end(truth, process);
        assert_eq!(
            process.parent_pid.map(u64::from),
            Some(number(truth, "parent")),
            "parent at birth: {process:?}"
        );
        process
    };
    let (middle, daemon) = (row("middle"), row("daemon"));
    let launcher = processes
        .iter()
        .find(|p| p.is_root)
        .expect("the launcher is the root");
    assert_eq!(processes.len(), 3, "{processes:?}");
    assert_eq!(middle.parent.as_ref(), Some(&launcher.id));
    assert_eq!(
        daemon.parent.as_ref(),
        Some(&middle.id),
        "not whoever adopted it"
    );
    let (launcher_end, daemon_end) = (
        launcher.end_ms.expect("it ended"),
        daemon.end_ms.expect("it ended"),
    );
    assert!(
        daemon_end >= launcher_end + 1_000.0,
        "it outlived its launcher by more than a second: {daemon_end} {launcher_end}"
    );
    up.stop();
}

#[test]
fn an_exec_chain_is_one_process_with_a_history() {
    let _turn = turn();
    let data = Data::new();
    let links = tempfile::tempdir().expect("a temporary folder can be made");
    let link = |name: &str| {
        let path = links.path().join(name);
        symlink(oracle::path("deaths"), &path).expect("a link can be made");
        path.to_str().expect("its name is text").to_owned()
    };
    let (first, second, third) = (link("link-a"), link("link-b"), link("link-c"));
    let up = data.up(&[]);
    let ended = data
        .run("chain", &[&first, "chain", &second, &third])
        .finish(RUNS_WITHIN);
    assert_eq!(ended.code(), 5, "{}", ended.stderr);
    let truth = truths(&ended.stdout).remove(0);
    up.api.past("chain");
    let processes = up.api.processes("chain");
    assert_eq!(
        processes.len(),
        1,
        "an exec is no new process: {processes:?}"
    );

    let process = up.api.process("chain", &processes[0].id);
    assert_eq!(u64::from(process.pid), number(&truth, "pid"));
    assert_same_end(&truth, &process);
    assert_eq!(
        (process.name.as_str(), process.exe.as_deref()),
        ("link-c", Some(third.as_str()))
    );
    // What `run` itself executed before the command is not part of the container's history, or comes before it.
    let own: Vec<_> = process
        .execs
        .iter()
        .filter(|exec| exec.name.starts_with("link-"))
        .collect();
    let seen: Vec<_> = own
        .iter()
        .map(|exec| {
            (
                exec.name.as_str(),
                exec.exe.as_deref(),
                exec.args.clone().unwrap_or_default(),
            )
        })
        .collect();
    let args = |args: &[&String]| args.iter().map(|arg| arg.to_string()).collect::<Vec<_>>();
    let chain = "chain".to_owned();
    let expected = [
        (
            "link-a",
            Some(first.as_str()),
            args(&[&first, &chain, &second, &third]),
        ),
        (
            "link-b",
            Some(second.as_str()),
            args(&[&second, &chain, &third]),
        ),
        ("link-c", Some(third.as_str()), args(&[&third, &chain])),
    ];
    assert_eq!(seen, expected);
    assert!(own.iter().all(|exec| !exec.inherited));
    assert!(own.is_sorted_by(|a, b| a.at_ms <= b.at_ms), "{own:?}");
    up.stop();
}

#[test]
fn an_oom_kill_is_told_from_a_kill() {
    let _turn = turn();
    let cgroup = Cgroup::with_memory("oom", Some(64 << 20));
    let data = Data::new();
    let up = data.up(&["--cgroup", "/bc-live-*"]);
    let mut command = cgroup.command(&oracle::path("deaths"), &["oom", "256"]);
    let truth = truths(
        &process::Process::start(&mut command)
            .finish(RUNS_WITHIN)
            .success()
            .stdout,
    )
    .remove(0);
    assert_eq!(truth["signal"], 9, "the kernel kills with SIGKILL");
    let victim = wait::until("the victim's end", RUNS_WITHIN, || {
        let known = up
            .api
            .container(&cgroup.path)
            .ok_or("its cgroup is not known")?;
        let processes = up.api.processes(&known.id);
        let victim = processes
            .into_iter()
            .find(|p| u64::from(p.pid) == number(&truth, "pid"))
            .ok_or("it has no row")?;
        if victim.end_ms.is_some() {
            Ok(victim)
        } else {
            Err(format!("{victim:?}"))
        }
    });
    assert_same_end(&truth, &victim);
    assert!(victim.oom_killed, "{victim:?}");
    let parent = up
        .api
        .processes(&cgroup.path)
        .into_iter()
        .find(|p| u64::from(p.pid) == number(&truth, "parent"))
        .expect("it has a row");
    assert_eq!(
        (parent.exit_code, parent.oom_killed),
        (Some(0), false),
        "only the victim: {parent:?}"
    );
    assert!(
        parent.entered_ms > parent.start_ms,
        "it came in alive: {parent:?}"
    );
    up.stop();
}

#[test]
fn a_pid_used_again_is_another_process() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let truths = run_oracle(&data, "reuse", "deaths", &["reuse"]);
    up.api.past("reuse");
    let reused: Vec<_> = truths
        .iter()
        .filter(|truth| truth["what"] == "reuse")
        .collect();
    let pid = number(reused[0], "pid");
    let mut processes: Vec<_> = up
        .api
        .processes("reuse")
        .into_iter()
        .filter(|p| u64::from(p.pid) == pid)
        .collect();
    processes.sort_by(|a, b| a.start_ms.total_cmp(&b.start_ms));
    assert_eq!(
        processes.len(),
        3,
        "three processes bore the pid {pid}: {processes:?}"
    );
    for (nth, (truth, process)) in reused.iter().zip(&processes).enumerate() {
        assert_same_end(truth, process);
        assert_eq!(
            process.seed_id,
            pid + ((nth as u64) << 32),
            "its number on the seed's routes: {process:?}"
        );
        // Each burns 30 ms more than the one before: what one used is not another's.
        let burnt_ms = process.total("cpu_ns") as f64 / 1e6;
        let expected_ms = 30.0 * (nth as f64 + 1.0);
        assert!(
            (burnt_ms - expected_ms).abs() < 10.0,
            "burnt {burnt_ms} ms, not {expected_ms} ms: {process:?}"
        );
    }
    assert!(
        processes
            .windows(2)
            .all(|two| two[0].id != two[1].id && two[0].end_ms <= Some(two[1].start_ms)),
        "{processes:?}"
    );
    up.stop();
}
