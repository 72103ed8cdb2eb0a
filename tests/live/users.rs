//! `run` by users without rights, where an `up` runs: as themselves, with what is theirs, and with nothing that is another's.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::harness::api::Api;
use crate::harness::cgroup::Cgroup;
use crate::harness::process::Process;
use crate::harness::program::{self, turn};
use crate::harness::up::{Data, RUNS_WITHIN, Up};
use crate::harness::user::{NOBODY, SOMEBODY, User};
use crate::harness::wait;

/// What a process can be told apart by, but for its pid: who it is, what it may, and how the kernel treats it.
const SELF: &str = "id; umask; pwd; ulimit -a; ulimit -aH; env | grep -v '^_=' | sort; \
    grep -E '^(Uid|Gid|Groups|NoNewPrivs|Seccomp|Cap|SigBlk|SigIgn|SigCgt|Cpus_allowed)' /proc/self/status; \
    cat /proc/self/oom_score_adj; readlink /proc/self/ns/*; ls /proc/self/fd | wc -l";

fn token_in(stderr: &str) -> String {
    let (_, token) = stderr
        .split_once("&token=")
        .expect("it says where the page is");
    let end = token.find(char::is_whitespace).unwrap_or(token.len());
    token[..end].to_owned()
}

/// Records a `true` of a user's, and gives the view that its link opens.
fn recorded(user: User, data: &Data, up: &Up, id: &str) -> Api {
    let ended = user.run(data, &["--id", id], &["true"]).finish(RUNS_WITHIN);
    let stderr = ended.success().stderr;
    up.api.past(id);
    Api {
        address: up.api.address,
        token: token_in(&stderr),
    }
}

#[test]
fn the_command_is_as_it_would_be_without_us() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    // Something to lose: a mask, limits, a variable, an ignored signal.
    let script = format!(
        "umask 027; ulimit -Sn 77; ulimit -Hc 0; trap '' USR1; export MINE='a b'; exec \"$@\" sh -c \"{SELF}\""
    );
    let as_they_are = |prefix: &[&str]| {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &script, "sh"]).args(prefix);
        shell
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LANG", "C");
        NOBODY
            .start(&mut shell)
            .finish(RUNS_WITHIN)
            .success()
            .stdout
    };
    let path = program::path().to_str().expect("its path is text");
    let plain = as_they_are(&["env"]);
    let run = as_they_are(&[path, "run", "--data", data.as_str(), "--id", "own", "--"]);
    assert!(plain.len() > 40 && plain[0].contains("65534"), "{plain:?}");
    assert_eq!(run, plain);

    let container = up.api.past("own");
    assert_eq!(
        (container.kind.as_str(), container.uid),
        ("run", Some(NOBODY.0))
    );
    let processes = up.api.processes("own");
    assert!(
        processes
            .iter()
            .all(|process| process.uid == Some(NOBODY.0)),
        "{processes:?}"
    );
    let root = processes.iter().find(|process| process.is_root);
    assert_eq!(root.map(|root| root.args()[0]), Some("sh"));
    up.stop();
}

#[test]
fn exit_codes_are_the_commands() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let cases: [(&[&str], i32); 7] = [
        (&["true"], 0),
        (&["sh", "-c", "exit 7"], 7),
        (&["sh", "-c", "exit 125"], 125),
        (&["sh", "-c", "kill -KILL $$"], 128 + 9),
        (&["sh", "-c", "kill -INT $$"], 128 + 2),
        (&["/etc/passwd"], 126),
        (&["no-such-command"], 127),
    ];
    for (command, code) in cases {
        let ended = NOBODY.run(&data, &[], command).finish(RUNS_WITHIN);
        assert_eq!(
            ended.status.code(),
            Some(code),
            "{command:?}: {}",
            ended.stderr
        );
        assert!(ended.stdout.is_empty(), "{:?}", ended.stdout);
    }
    up.stop();
}

#[test]
fn the_limit_of_the_callers_cgroup_holds() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let narrow = Cgroup::with_memory("narrow", Some(64 << 20));
    let uid = NOBODY.0.to_string();
    let path = program::path().to_str().expect("its path is text");
    let command = |id: &str, bytes: &str| {
        let eats = format!("head -c {bytes} /dev/zero | tail > /dev/null");
        let words = [
            ["--reuid", &uid, "--regid", &uid, "--clear-groups"].as_slice(),
            &[path, "run", "--data", data.as_str(), "--id", id],
            &["--", "sh", "-c", &eats],
        ]
        .concat();
        Process::start(&mut narrow.command("setpriv", &words)).finish(RUNS_WITHIN)
    };
    let little = command("little", "1000000");
    assert_eq!(little.code(), 0, "{}", little.stderr);
    let much = command("much", "200000000");
    assert_eq!(much.code(), 128 + 9, "{}", much.stderr);
    up.api.past("much");
    let killed = up.api.processes("much");
    assert!(
        killed.iter().any(|process| process.oom_killed),
        "by the limit, and so recorded: {killed:?}"
    );
    up.stop();
}

#[test]
fn a_link_opens_the_run_it_was_given_for_and_no_other() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let mine = recorded(NOBODY, &data, &up, "mine");
    recorded(SOMEBODY, &data, &up, "theirs");
    assert_eq!(mine.get("/api/v1/containers/mine").status, 200);
    for path in [
        "/api/v1/containers/theirs",
        "/api/v1/containers/theirs/processes",
    ] {
        assert_eq!(mine.get(path).status, 403, "{path}");
    }
    let token = |user: User, of: &[&str]| {
        let mut command = program::command(&["token", "--data", data.as_str()]);
        user.start(command.args(of)).finish(RUNS_WITHIN)
    };
    let asked = token(NOBODY, &["--container", "mine", "--for", "30m"]).success();
    let shared = Api {
        token: asked.stdout.concat(),
        ..mine.clone()
    };
    assert_eq!(shared.get("/api/v1/containers/mine").status, 200);
    assert_eq!(shared.get("/api/v1/containers/theirs").status, 403);
    for others in [["--container", "theirs"].as_slice(), &["--admin"]] {
        let ended = token(NOBODY, others);
        assert_eq!((ended.code(), ended.stdout.len()), (1, 0), "{others:?}");
    }
    let seen: Vec<_> = mine.containers("").into_iter().map(|c| c.id).collect();
    assert_eq!(seen, ["mine"]);
    up.stop();
}

#[test]
fn an_id_is_one_users() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    recorded(NOBODY, &data, &up, "nightly");
    let whole = "0123456789abcdef".repeat(4);
    let refused: [(User, &[&str]); 7] = [
        (NOBODY, &["--id", "nightly"]),
        (SOMEBODY, &["--id", "nightly"]),
        (SOMEBODY, &["--id", "nightly", "--again"]),
        (NOBODY, &["--id", "job_77"]),
        (NOBODY, &["--id", &whole]),
        (NOBODY, &["--id", &whole[..12]]),
        (NOBODY, &["--id", "/system.slice"]),
    ];
    for (user, options) in refused {
        let ended = user
            .run(&data, options, &["echo", "ran"])
            .finish(RUNS_WITHIN);
        assert_eq!(ended.code(), 125, "{options:?}: {}", ended.stderr);
        assert!(
            ended.stderr.contains(options[1]) && ended.stderr.contains("--id"),
            "it names the id and what to do: {}",
            ended.stderr
        );
        assert!(ended.stdout.is_empty(), "{options:?}: it did not run");
    }
    // A run that goes on keeps its id, also from its own user.
    let mut lives = NOBODY.run(
        &data,
        &["--id", "goes-on"],
        &["sh", "-c", "echo on; read x"],
    );
    assert_eq!(lives.line(RUNS_WITHIN), "on");
    for user in [NOBODY, SOMEBODY] {
        let options = ["--id", "goes-on", "--again"];
        let ended = user.run(&data, &options, &["true"]).finish(RUNS_WITHIN);
        assert_eq!(ended.code(), 125, "{}", ended.stderr);
    }
    lives.write("\n");
    lives.finish(RUNS_WITHIN).success();

    let again = ["--id", "nightly", "--again"];
    NOBODY
        .run(&data, &again, &["true"])
        .finish(RUNS_WITHIN)
        .success();
    up.api.past("nightly");
    assert_eq!(up.api.lives("nightly"), 2);
    up.stop();
}

#[test]
fn without_an_up_a_user_is_told_what_to_do() {
    let _turn = turn();
    let data = Data::new();
    let ended = NOBODY.run(&data, &[], &["echo", "ran"]).finish(RUNS_WITHIN);
    assert_eq!(ended.code(), 125);
    for what in [
        "sudo bubble-chamber up",
        "sudo bubble-chamber run",
        "--data",
    ] {
        assert!(ended.stderr.contains(what), "{what}: {}", ended.stderr);
    }
    assert!(ended.stdout.is_empty(), "what is not recorded is not run");
}

#[test]
fn the_page_is_opened_where_there_is_a_display() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let desktop = tempfile::tempdir().expect("a temporary folder can be made");
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("it is ours");
    };
    mode(desktop.path(), 0o777);
    let opener = desktop.path().join("xdg-open");
    let opened = desktop.path().join("opened");
    // Renamed into place, so that it is whole when it is there.
    let script = format!(
        "#!/bin/sh\nid -u > {0}.part; echo \"$1\" >> {0}.part; cat \"$1\" >> {0}.part; mv {0}.part {0}\n",
        opened.display()
    );
    std::fs::write(&opener, script).expect("a file can be written");
    mode(&opener, 0o755);

    let run = |display: &str| {
        let mut command = program::command(&["run", "--data", data.as_str(), "--open", "--"]);
        command
            .arg("true")
            .env_remove("WAYLAND_DISPLAY")
            .env("DISPLAY", display)
            .env("XDG_RUNTIME_DIR", desktop.path())
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", desktop.path().display()),
            );
        NOBODY.start(&mut command).finish(RUNS_WITHIN).success()
    };
    let without = run("");
    assert!(without.stderr.contains("no display"), "{}", without.stderr);
    let with = run(":0");
    let said = wait::until("the page to be opened", RUNS_WITHIN, || {
        std::fs::read_to_string(&opened).map_err(|error| error.to_string())
    });
    let (uid, rest) = said.split_once('\n').expect("a line with the user");
    let (argument, page) = rest.split_once('\n').expect("a line with the argument");
    assert_eq!(uid, NOBODY.0.to_string());
    assert!(
        !argument.contains("token"),
        "everybody can read that: {argument}"
    );
    assert!(page.contains(&token_in(&with.stderr)), "{page}");
    up.stop();
}
