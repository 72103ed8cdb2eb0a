//! `bubble-chamber run`: as if it were not there, but for the record.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::harness::assert_within;
use crate::harness::oracle::{self, number};
use crate::harness::process::Process;
use crate::harness::program::{self, turn};
use crate::harness::up::{Data, RUNS_WITHIN, run_oracle};
use crate::harness::user::SOMEBODY;

#[test]
fn the_commands_exit_code_is_its_own() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let no_program = data.path().join("no-program");
    std::fs::write(&no_program, "not executable").expect("a file can be written");
    let no_program = no_program.to_str().expect("its name is text");
    let cases: [(&str, &[&str], i32); 7] = [
        ("zero", &["true"], 0),
        ("seven", &["sh", "-c", "exit 7"], 7),
        ("most", &["sh", "-c", "exit 255"], 255),
        ("killed", &["sh", "-c", "kill -KILL $$"], 128 + 9),
        ("terminated", &["sh", "-c", "kill -TERM $$"], 128 + 15),
        ("refused", &[no_program], 126),
        ("missing", &["/no/such/command"], 127),
    ];
    for (id, command, code) in cases {
        let ended = data.run(id, command).finish(RUNS_WITHIN);
        assert_eq!(ended.code(), code, "{command:?}: {}", ended.stderr);
        assert_eq!(
            ended.status.code(),
            Some(code),
            "`run` itself is not killed: {command:?}"
        );
        if [126, 127].contains(&code) {
            assert!(
                ended.stderr.contains(command[0]),
                "it says what it could not run: {}",
                ended.stderr
            );
        }
    }
    let killed = up.api.past("killed");
    assert_eq!((killed.kind.as_str(), killed.processes), ("run", 1));
    up.stop();
}

#[test]
fn it_speaks_on_standard_error_only_and_passes_everything_through() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let mut run = data.run(
        "echo",
        &[
            "sh",
            "-c",
            "read line; echo \"out $line\"; echo \"err $line\" >&2; printf last",
        ],
    );
    run.write("through\n");
    let ended = run.finish(RUNS_WITHIN).success();
    assert_eq!(
        ended.stdout,
        ["out through", "last"],
        "standard output is the command's alone"
    );
    assert!(ended.stderr.contains("err through"), "{}", ended.stderr);
    let url = format!(
        "http://{}/static/index.html?container=echo&token=",
        up.api.address
    );
    assert!(
        ended.stderr.contains(&url),
        "it says where the page is: {}",
        ended.stderr
    );
    up.stop();
}

#[test]
fn the_end_of_a_command_that_failed_says_what_did_and_where_to_look() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let pages = |stderr: &str| stderr.matches("/static/index.html?container=").count();
    // The shell's code is that of its last command.
    let script = "true; sh -c 'exit 2'; sh -c 'kill -KILL $$'; false";
    let bad = data.run("bad", &["sh", "-c", script]).finish(RUNS_WITHIN);
    assert_eq!(bad.code(), 1, "{}", bad.stderr);
    assert!(
        bad.stderr
            .contains("bad exited with 1; 3 processes (3 failed), "),
        "{}",
        bad.stderr
    );
    assert_eq!(pages(&bad.stderr), 2, "{}", bad.stderr);
    let good = data.run("good", &["true"]).finish(RUNS_WITHIN).success();
    assert!(!good.stderr.contains("failed"), "{}", good.stderr);
    assert_eq!(pages(&good.stderr), 1, "{}", good.stderr);
    up.stop();
}

#[test]
fn where_a_limit_leaves_no_room_for_it_that_is_said_and_the_command_is_not_run() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    // Its own process and the one that waits to become the command, and no more than one thread.
    let mut tight = Command::new("prlimit");
    let run = ["run", "--data", data.as_str(), "--", "echo", "ran"];
    tight.arg("--nproc=3:3").arg(program::path()).args(run);
    let ended = SOMEBODY.start(&mut tight).finish(RUNS_WITHIN);
    assert_eq!(
        (ended.code(), ended.stdout.len()),
        (125, 0),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("cannot "), "{}", ended.stderr);
    up.stop();
}

#[test]
fn the_limits_of_its_caller_stay() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let paths = |text: &str| -> BTreeMap<String, String> {
        let fields = text
            .lines()
            .filter_map(|line| line.split_once(':')?.1.split_once(':'));
        fields
            .map(|(hierarchy, path)| (hierarchy.to_owned(), path.trim_end_matches('/').to_owned()))
            .collect()
    };
    let own = paths(&std::fs::read_to_string("/proc/self/cgroup").expect("/proc is there"));
    let ended = data
        .run("limits", &["cat", "/proc/self/cgroup"])
        .finish(RUNS_WITHIN)
        .success();
    let commands = paths(&ended.stdout.join("\n"));
    assert_ne!(commands, own, "it has a cgroup of its own");
    assert_eq!(commands.len(), own.len());
    for (hierarchy, path) in &own {
        let below = &commands[hierarchy];
        assert!(
            below == path || below.starts_with(&format!("{path}/")),
            "in {hierarchy} it went from {path} to {below}"
        );
    }
    up.stop();
}

#[test]
fn an_id_is_not_used_twice_unless_asked_for() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    data.run("twice", &["true"]).finish(RUNS_WITHIN).success();
    up.api.past("twice");
    let ended = data.run("twice", &["echo", "ran"]).finish(RUNS_WITHIN);
    assert_ne!(ended.code(), 0);
    assert!(
        ended.stderr.contains("twice") && ended.stderr.contains("--again"),
        "it says what to do: {}",
        ended.stderr
    );
    assert!(ended.stdout.is_empty(), "the command did not run");

    let again = [
        "run",
        "--data",
        data.as_str(),
        "--id",
        "twice",
        "--again",
        "--",
        "true",
    ];
    Process::start(&mut program::command(&again))
        .finish(RUNS_WITHIN)
        .success();
    let container = up.api.past("twice");
    assert_eq!(container.processes, 2, "both lives are shown");
    assert_eq!(up.api.lives("twice"), 2);
    up.stop();
}

#[test]
fn alone_it_records_and_the_next_up_shows_it() {
    let _turn = turn();
    let data = Data::new();
    let burnt = run_oracle(&data, "alone", "burn", &["threads", "2", "300"]).remove(0);
    let stormed = run_oracle(&data, "small-storm", "storm", &["300", "mix"]).remove(0);
    let code = data
        .run("failed", &["sh", "-c", "exit 9"])
        .finish(RUNS_WITHIN);
    assert_eq!(code.code(), 9, "{}", code.stderr);

    let up = data.up(&[]);
    let alone = up.api.container("alone").expect("it was recorded");
    assert_eq!(
        (
            alone.state.as_str(),
            alone.kind.as_str(),
            alone.processes,
            alone.open_processes
        ),
        ("past", "run", 2, 0)
    );
    let burner = up
        .api
        .processes("alone")
        .into_iter()
        .find(|p| u64::from(p.pid) == number(&burnt, "burner"))
        .expect("it has a row");
    assert_within(
        "CPU recorded alone",
        burner.total("cpu_ns"),
        number(&burnt, "cpu_ns"),
        0.01,
    );
    assert_eq!(
        up.api
            .container("small-storm")
            .expect("it was recorded")
            .processes,
        301
    );
    let children = up
        .api
        .processes("small-storm")
        .into_iter()
        .filter(|p| !p.is_root);
    assert_within(
        "CPU of the small storm",
        children.map(|p| p.total("cpu_ns")).sum(),
        number(&stormed, "children_cpu_ns"),
        0.01,
    );
    assert_eq!(up.api.processes("failed")[0].exit_code, Some(9));
    up.stop();
}

#[test]
fn who_may_not_record_is_told_what_to_do() {
    let _turn = turn();
    let data = Data::new();
    let run = [
        "run",
        "--data",
        data.as_str(),
        "--id",
        "nobodys",
        "--",
        "echo",
        "ran",
    ];
    let ended = Process::start(program::command(&run).uid(65534).gid(65534)).finish(RUNS_WITHIN);
    assert_ne!(ended.code(), 0);
    assert!(
        ended.stderr.contains("root") || ended.stderr.contains("sudo"),
        "{}",
        ended.stderr
    );
    assert!(ended.stdout.is_empty(), "what is not recorded is not run");
}

#[test]
fn under_sudo_the_command_is_the_callers() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let run = [
        "run",
        "--data",
        data.as_str(),
        "--id",
        "sudo",
        "--",
        "sh",
        "-c",
        "id -u; id -g; id -G; test \"$HOME\" = \"$(getent passwd 65534 | cut -d: -f6)\" && echo \"$USER $LOGNAME\"",
    ];
    let mut command = program::command(&run);
    // As sudo leaves them.
    command
        .envs([("SUDO_UID", "65534"), ("SUDO_GID", "65534")])
        .envs([("HOME", "/root"), ("USER", "root"), ("LOGNAME", "root")]);
    let ended = Process::start(&mut command).finish(RUNS_WITHIN).success();
    assert_eq!(
        ended.stdout,
        ["65534", "65534", "65534", "nobody nobody"],
        "no right of root is left, and nothing that says it is"
    );
    assert_eq!(up.api.past("sudo").uid, Some(65534));
    let processes = up.api.processes("sudo");
    assert!(
        processes.iter().all(|process| process.uid == Some(65534)),
        "{processes:?}"
    );
    up.stop();
}

#[test]
fn a_signal_to_it_reaches_the_command() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let script = "trap 'echo told; exit 3' TERM; echo ready; while :; do sleep 0.1; done";
    let run = data.run("told", &["bash", "-c", script]);
    assert_eq!(run.line(RUNS_WITHIN), "ready");
    let ended = run.terminate(RUNS_WITHIN);
    assert_eq!(
        (ended.code(), ended.stdout),
        (3, vec!["told".to_owned()]),
        "{}",
        ended.stderr
    );
    up.api.past("told");
    up.stop();
}

#[test]
fn the_id_is_the_programs_own_where_none_is_given() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let storm = oracle::path("storm");
    let run = |command: &[&str]| {
        Process::start(program::command(&["run", "--data", data.as_str(), "--"]).args(command))
            .finish(RUNS_WITHIN)
            .success()
    };
    run(&[&storm, "1", "fork"]);
    run(&[&storm, "1", "fork"]);
    let containers = up.api.containers("kind=run");
    assert_eq!(
        containers.len(),
        2,
        "two runs without a name are two: {containers:?}"
    );
    assert!(
        containers.iter().all(|c| c
            .command
            .as_deref()
            .is_some_and(|command| command.contains("storm"))),
        "{containers:?}"
    );
    up.stop();
}
