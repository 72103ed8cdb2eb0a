//! `bubble-chamber up`: one at a time per directory, a secret for its owner's eyes, and refusals that say what to do.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::harness::assert_within;
use crate::harness::http;
use crate::harness::oracle::{self, number, truths};
use crate::harness::process::{Ended, Process};
use crate::harness::program::{self, turn};
use crate::harness::up::{ANY_PORT, Data, RUNS_WITHIN};
use crate::harness::wait::{self, PATIENCE};

/// Samples that are on their way to the store at any time, and the seconds that are begun, s.
const UNSENT_S: u64 = 8;

/// How long nobody records between an `up` that was killed and the next.
const ABSENT_FOR: Duration = Duration::from_secs(3);

/// An `up` that is not to start.
#[track_caller]
fn refused(data: &Data, listen: &str, change: impl FnOnce(&mut std::process::Command)) -> Ended {
    let mut command = program::command(&["up", "--data", data.as_str(), "--listen", listen]);
    change(&mut command);
    let ended = Process::start(&mut command).finish(PATIENCE);
    assert!(
        ended.status.code().is_some_and(|code| code != 0),
        "it must refuse: {}",
        ended.stderr
    );
    assert!(
        ended.stdout.is_empty(),
        "no URL of a page that is not there: {:?}",
        ended.stdout
    );
    ended
}

#[test]
fn a_second_up_on_a_directory_refuses_and_the_first_goes_on() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let ended = refused(&data, ANY_PORT, |_| ());
    assert!(
        ended.stderr.contains(data.as_str()) && ended.stderr.contains("--data"),
        "{}",
        ended.stderr
    );
    data.run("after", &["true"]).finish(RUNS_WITHIN).success();
    assert_eq!(up.api.past("after").processes, 1);
    up.stop();
}

#[test]
fn a_taken_port_is_told() {
    let _turn = turn();
    let data = Data::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = taken.local_addr().expect("it is bound");
    let ended = refused(&data, &address.to_string(), |_| ());
    assert!(
        ended.stderr.contains(&address.port().to_string()) && ended.stderr.contains("--listen"),
        "{}",
        ended.stderr
    );
    // The refusal left nothing in the way.
    drop(taken);
    data.up(&[]).stop();
}

#[test]
fn without_root_it_says_so() {
    let _turn = turn();
    let data = Data::new();
    std::os::unix::fs::chown(data.path(), Some(65534), Some(65534))
        .expect("root may give a folder away");
    let ended = refused(&data, ANY_PORT, |command| {
        command.uid(65534).gid(65534);
    });
    assert!(
        ended.stderr.contains("root") || ended.stderr.contains("sudo"),
        "{}",
        ended.stderr
    );
}

#[test]
fn unsafe_settings_refuse_to_start() {
    let _turn = turn();
    let data = Data::new();
    let open = refused(&data, "0.0.0.0:0", |command| {
        command.env("AUTH_DISABLE", "1");
    });
    assert!(open.stderr.contains("BC_INSECURE=1"), "{}", open.stderr);
    for secret in ["", "changeme", "secret"] {
        let ended = refused(&data, ANY_PORT, |command| {
            command.env("AUTH_SECRET", secret);
        });
        assert!(
            ended.stderr.contains("AUTH_SECRET"),
            "`{secret}`: {}",
            ended.stderr
        );
    }
}

#[test]
fn its_secret_is_for_its_owner_and_stays() {
    let _turn = turn();
    let data = Data::new();
    data.up(&[]).stop();
    let file = data.path().join("secret");
    let mode = |path: &std::path::Path| {
        std::fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o7777
    };
    assert_eq!(mode(&file), 0o600);
    let secret = std::fs::read_to_string(&file).expect("root can read it");
    assert!(secret.trim().len() >= 32, "too short to be a secret");
    for name in ["bubble-chamber.db", "lock"] {
        assert_eq!(
            mode(&data.path().join(name)) & 0o077,
            0,
            "{name} is its owner's alone"
        );
    }

    let token = data.token(&["--admin", "--for", "1h"]);
    let up = data.up(&[]);
    assert_eq!(
        std::fs::read_to_string(&file).expect("root can read it"),
        secret,
        "links given out stay good"
    );
    assert_eq!(
        http::get(
            up.api.address,
            "/api/v1/containers",
            &[("Authorization", &format!("token {token}"))]
        )
        .status,
        200
    );
    let ended = up.stop();
    assert!(
        !ended.stderr.contains(secret.trim()),
        "the log does not hold the secret"
    );
}

#[test]
fn a_killed_up_loses_no_record_and_declares_its_absence() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let mut oracle = Process::start(
        program::command(&["run", "--data", data.as_str(), "--id", "survivor", "--"]).args([
            &oracle::path("burn"),
            "pause",
            "400",
        ]),
    );
    let paused = truths(&[oracle.line(RUNS_WITHIN)]).remove(0);
    let burner = number(&paused, "burner");
    let sampled = || {
        up.api.container("survivor").ok_or("it is not known")?;
        let row = up
            .api
            .processes("survivor")
            .into_iter()
            .find(|p| u64::from(p.pid) == burner)
            .ok_or("it has no row")?;
        if row
            .totals
            .get("cpu_ns")
            .is_some_and(|cpu| *cpu > 300_000_000)
        {
            Ok(row)
        } else {
            Err("it has no sample".to_owned())
        }
    };
    let before = wait::until("a sample of the burner", RUNS_WITHIN, sampled);
    let killed = Instant::now();
    up.signal(Signal::SIGKILL);
    drop(up);
    wait::let_pass(ABSENT_FOR);

    let up = data.up(&[]);
    let absent_s = killed.elapsed().as_secs();
    let kept = up.api.process("survivor", &before.id).total("cpu_ns");
    assert!(
        kept >= before.total("cpu_ns"),
        "totals never go down: {kept}, and were {before:?}"
    );
    let losses = up.api.losses("survivor");
    let down = losses.iter().filter(|loss| loss.reason == "recorder_down");
    let count: u64 = down.map(|loss| loss.count).sum();
    // From the last second that is stored on: what was taken in the few seconds before the kill may have died with it.
    assert!(
        (absent_s.min(ABSENT_FOR.as_secs()) - 1..=absent_s + UNSENT_S).contains(&count),
        "{absent_s} s without a recorder: {losses:?}"
    );

    oracle.close_stdin();
    let ended = oracle.finish(RUNS_WITHIN);
    assert_eq!(
        ended.code(),
        0,
        "the command is not its recorder's hostage: {}",
        ended.stderr
    );
    let truth = truths(&ended.stdout).remove(0);
    up.api.past("survivor");
    let burner = up.api.process("survivor", &before.id);
    assert_within(
        "CPU across the absence",
        burner.total("cpu_ns"),
        number(&truth, "cpu_ns"),
        0.01,
    );
    assert_eq!(
        (burner.exit_code, burner.end_unseen),
        (Some(0), false),
        "{burner:?}"
    );
    up.stop();
}
