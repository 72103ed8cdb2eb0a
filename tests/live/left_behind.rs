//! What outlives the command of a `run`, and an `up` that comes while a `run` records by itself.

use std::path::PathBuf;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::api::{Api, Loss, Process};
use crate::harness::assert_within;
use crate::harness::oracle::{self, number};
use crate::harness::process;
use crate::harness::program::{self, turn};
use crate::harness::up::{Data, RUNS_WITHIN};
use crate::harness::user::NOBODY;
use crate::harness::wait;

/// Leaves a process of another session behind whose parent is gone, and says its pid.
const DAEMON: &str =
    "(setsid sh -c 'echo $$; exec sleep 600 >/dev/null 2>&1' </dev/null &); exit 3";

/// Kills the daemon, once it is what it is to become.
fn end(pid: &str) {
    let pid = pid.trim().parse().expect("the daemon says its pid");
    wait::until("the daemon's sleep", RUNS_WITHIN, || {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        (name == "sleep\n").then_some(()).ok_or(name)
    });
    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("it lives");
}

fn sleeper(api: &Api, id: &str) -> Process {
    let processes = api.processes(id);
    let found = processes.iter().find(|process| process.name == "sleep");
    found
        .unwrap_or_else(|| panic!("the daemon is not there: {processes:?}"))
        .clone()
}

/// Waits until it is declared that nobody recorded.
#[track_caller]
fn declared_down(api: &Api, id: &str, fits: fn(&Loss) -> bool) {
    wait::until("the time without a recorder", RUNS_WITHIN, || {
        let losses = api.losses(id);
        let mut down = losses.iter().filter(|loss| loss.reason == "recorder_down");
        down.any(fits).then_some(()).ok_or(format!("{losses:?}"))
    });
}

/// How many cgroups of a run there are, in any hierarchy.
fn cgroups(id: &str) -> usize {
    directories(id).len()
}

fn directories(id: &str) -> Vec<PathBuf> {
    let found = std::process::Command::new("find")
        .args(["/sys/fs/cgroup", "-type", "d", "-name"])
        .arg(format!("bubble-chamber-{id}-*"))
        .output()
        .expect("find is there");
    let found = String::from_utf8_lossy(&found.stdout);
    found.lines().map(PathBuf::from).collect()
}

#[test]
fn under_an_up_a_daemon_stays_recorded() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let run = NOBODY.run(&data, &["--id", "daemon-up"], &["sh", "-c", DAEMON]);
    let pid = run.line(RUNS_WITHIN);
    let ended = run.finish(RUNS_WITHIN);
    assert_eq!(ended.code(), 3, "{}", ended.stderr);
    assert!(ended.stderr.contains("stay recorded"), "{}", ended.stderr);
    wait::until("the daemon alone", RUNS_WITHIN, || {
        let alive = up.api.container("daemon-up").ok_or("it is not known")?;
        match (alive.state.as_str(), alive.open_processes) {
            ("live", 1) => Ok(()),
            _ => Err(format!("{alive:?}")),
        }
    });
    assert_eq!(cgroups("daemon-up"), 1);

    end(&pid);
    up.api.past("daemon-up");
    let daemon = sleeper(&up.api, "daemon-up");
    assert_eq!((daemon.signal, daemon.end_unseen), (Some(9), false));
    wait::until("the cgroup to go", RUNS_WITHIN, || {
        match cgroups("daemon-up") {
            0 => Ok(()),
            left => Err(format!("{left} are there")),
        }
    });
    up.stop();
}

#[test]
fn after_a_lone_run_the_loss_of_a_daemon_is_said_and_declared() {
    let _turn = turn();
    let data = Data::new();
    let run = data.run("daemon-alone", &["sh", "-c", DAEMON]);
    let pid = run.line(RUNS_WITHIN);
    let ended = run.finish(RUNS_WITHIN);
    assert_eq!(ended.code(), 3, "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("1 of them still live and are no longer recorded"),
        "{}",
        ended.stderr
    );
    // It ends where nobody sees it.
    end(&pid);

    let up = data.up(&[]);
    up.api.past("daemon-alone");
    assert_eq!(up.api.lives("daemon-alone"), 1);
    declared_down(&up.api, "daemon-alone", |loss| loss.container);
    assert!(sleeper(&up.api, "daemon-alone").end_unseen);
    up.stop();
}

#[test]
fn what_ends_while_nobody_records_had_one_life() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let mut run = data.run("between", &["sh", "-c", "read word; exit 4"]);
    wait::until("the shell", RUNS_WITHIN, || {
        let found = up.api.container("between").ok_or("it is not known")?;
        (found.processes == 1)
            .then_some(())
            .ok_or("it is empty".to_owned())
    });
    up.stop();
    run.close_stdin();
    assert_eq!(run.finish(RUNS_WITHIN).code(), 4);
    assert_eq!(cgroups("between"), 1, "nobody is there to remove it");

    let up = data.up(&[]);
    let past = up.api.past("between");
    assert_eq!(up.api.lives("between"), 1, "an empty cgroup is no new one");
    assert!(
        past.command
            .is_some_and(|command| command.contains("exit 4")),
        "what it ran is known still"
    );
    assert!(up.api.processes("between")[0].end_unseen);
    declared_down(&up.api, "between", |loss| loss.container);
    wait::until("the cgroup to go", RUNS_WITHIN, || {
        match cgroups("between") {
            0 => Ok(()),
            left => Err(format!("{left} are there")),
        }
    });
    up.stop();
}

#[test]
fn what_a_killed_run_left_goes_with_the_next_recorder_of_whatever_directory() {
    let _turn = turn();
    let (gone, kept) = (Data::new(), Data::new());
    let mut busy = kept.run("left-busy", &["sh", "-c", "echo on; read word; exit 4"]);
    assert_eq!(busy.line(RUNS_WITHIN), "on");
    let mut empty = gone.run("left-empty", &["sh", "-c", "echo on; read word"]);
    assert_eq!(empty.line(RUNS_WITHIN), "on");
    empty.signal(Signal::SIGKILL);
    // The command reads the end of its input, and ends where nobody sees it.
    empty.close_stdin();
    empty.finish(RUNS_WITHIN);
    drop(gone);
    let left = directories("left-empty");
    assert_eq!((left.len(), cgroups("left-busy")), (1, 1));
    wait::until("the command to be gone", RUNS_WITHIN, || {
        let inside = std::fs::read_to_string(left[0].join("cgroup.procs"));
        match inside.expect("nobody removes it yet").as_str() {
            "" => Ok(()),
            inside => Err(format!("{inside} are there")),
        }
    });

    let other = Data::new();
    let up = other.up(&[]);
    assert_eq!((cgroups("left-empty"), cgroups("left-busy")), (0, 1));
    busy.write("go\n");
    assert_eq!(busy.finish(RUNS_WITHIN).code(), 4);
    assert_eq!(cgroups("left-busy"), 0);
    up.stop();
}

#[test]
fn an_up_takes_over_from_a_lone_run_and_it_stays_one_life() {
    let _turn = turn();
    let data = Data::new();
    let burn = oracle::path("burn");
    // Never without a process that is born or ends, and it counts them.
    let go = data.path().join("go");
    let script = format!(
        "{burn} single 300; n=0; until [ -e {} ]; do sleep 0.01; n=$((n+1)); done; {burn} single 300; echo $n; exit 5",
        go.display()
    );
    let run = data.run("handed", &["sh", "-c", &script]);
    let mut truths = vec![run.line(RUNS_WITHIN)];

    let up = data.up(&[]);
    let alive = up.api.container("handed").expect("it is known at once");
    assert_eq!(alive.state, "live");
    std::fs::write(&go, "").expect("a file can be written");
    let mut ended = run.finish(RUNS_WITHIN);
    assert_eq!(ended.code(), 5, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("records on") && ended.stderr.contains("since an `up` took over"),
        "{}",
        ended.stderr
    );
    let sleeps: u64 = ended
        .stdout
        .remove(1)
        .parse()
        .expect("it counts its sleeps");
    truths.extend(ended.stdout);

    let container = up.api.past("handed");
    // The shell, twice an oracle and its burner, and every sleep on either side and in between.
    assert_eq!(container.processes, 1 + 4 + sleeps);
    let lives = up.api.get("/api/v1/containers/handed").json()["lives"].clone();
    assert_eq!(lives.as_array().map(Vec::len), Some(1), "{lives}");
    let processes = up.api.processes("handed");
    for truth in oracle::truths(&truths) {
        let burner = processes
            .iter()
            .find(|process| u64::from(process.pid) == number(&truth, "burner"))
            .expect("it has a row");
        assert_within(
            "CPU on either side",
            burner.total("cpu_ns"),
            number(&truth, "cpu_ns"),
            0.01,
        );
    }
    let roots: Vec<_> = processes.iter().filter(|process| process.is_root).collect();
    let [shell] = roots[..] else {
        panic!("the shell is the first of all, then and now: {roots:?}")
    };
    assert_eq!((shell.exit_code, shell.end_unseen), (Some(5), false));
    declared_down(&up.api, "handed", |_| true);
    up.stop();
}

#[test]
fn an_up_that_cannot_start_takes_nothing_over() {
    let _turn = turn();
    let data = Data::new();
    let mut run = data.run("kept", &["sh", "-c", "echo on; read go; exit 6"]);
    assert_eq!(run.line(RUNS_WITHIN), "on");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let listen = taken.local_addr().expect("it has an address").to_string();
    let up = ["up", "--data", data.as_str(), "--listen", &listen];
    let up = process::Process::start(&mut program::command(&up));
    let refused = up.finish(RUNS_WITHIN);
    assert!(refused.stderr.contains("taken"), "{}", refused.stderr);
    run.write("\n");
    let ended = run.finish(RUNS_WITHIN);
    assert_eq!(ended.code(), 6, "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("kept exited with 6; 1 process (1 failed), "),
        "{}",
        ended.stderr
    );

    let up = data.up(&[]);
    let kept = up.api.past("kept");
    let mut losses = up.api.losses("kept");
    // A machine may be too busy for a sample.
    losses.retain(|loss| loss.reason != "samples_missed");
    assert_eq!((kept.processes, losses.len()), (1, 0), "{losses:?}");
    up.stop();
}
