//! Secrets on command lines: masked on the node, so that neither the files nor any route hold them.

use crate::harness::program::turn;
use crate::harness::up::{Data, RUNS_WITHIN};

/// What must not be found, and beside it what must: a search that finds nothing at all shows nothing.
const SECRETS: [&str; 4] = [
    "hunter2-of-the-flag",
    "hunter2-of-the-url",
    "hunter2-of-the-token",
    "hunter2-of-the-child",
];
const PLAIN: &str = "plain-as-day";

#[test]
fn secrets_in_arguments_reach_neither_the_files_nor_a_route() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    // The shell's own arguments hold all of them; its child has one of its own. It lives past a sample.
    let script = format!(
        "sleep 1.2; /bin/echo --password={} {PLAIN} >/dev/null; exit 0",
        SECRETS[3]
    );
    let flag = format!("--password={}", SECRETS[0]);
    let url = format!("postgres://reader:{}@db.example/stats", SECRETS[1]);
    let token = format!("GITHUB_TOKEN={}", SECRETS[2]);
    let ended = data
        .run("masked", &["sh", "-c", &script, PLAIN, &flag, &url, &token])
        .finish(RUNS_WITHIN)
        .success();
    up.api.past("masked");

    let processes = up.api.processes("masked");
    let root = processes
        .iter()
        .find(|process| process.is_root)
        .expect("the shell is the root");
    // Masked, not removed: what it was can still be told.
    let args = root.args();
    assert!(
        args.len() == 7
            && args[4].starts_with("--password=")
            && args[5].starts_with("postgres://reader:"),
        "{args:?}"
    );
    assert!(
        args[5].ends_with("@db.example/stats") && args[6].starts_with("GITHUB_TOKEN="),
        "{args:?}"
    );

    let mut seen = vec![
        ("the log of `up`", up.stderr()),
        ("what `run` said", ended.stderr),
    ];
    let below = [
        "",
        "/processes",
        "/losses",
        "/usage?metric=cpu",
        "/usage?metric=memory",
        "/usage?metric=block_io",
    ];
    let mut routes: Vec<String> = below
        .iter()
        .map(|below| format!("/api/v1/containers/masked{below}"))
        .collect();
    routes.extend(
        processes
            .iter()
            .map(|process| format!("/api/v1/containers/masked/processes/{}", process.id)),
    );
    routes.extend(["proc", "cpu", "mem", "io"].map(|route| format!("/container/masked/{route}")));
    routes.extend(
        [
            "/api/v1/containers",
            "/api/v1/containers?q=hunter2",
            "/metrics",
        ]
        .map(String::from),
    );
    let mut shown_plain = 0;
    for route in &routes {
        let answer = up.api.get(route);
        assert_eq!(answer.status, 200, "{route}: {}", answer.body);
        shown_plain += usize::from(answer.body.contains(PLAIN));
        seen.push((route, answer.body));
    }
    let stored = String::from_utf8_lossy(&up.stored_bytes()).into_owned();
    assert!(
        stored.contains(PLAIN),
        "what is no secret stands in the files as it was"
    );
    assert!(
        shown_plain >= 3,
        "what is no secret is shown on the routes: {shown_plain}"
    );
    seen.push(("the files", stored));
    for (place, text) in &seen {
        for secret in SECRETS {
            assert!(!text.contains(secret), "{place} holds the secret {secret}");
        }
    }
    assert_eq!(
        up.api.containers("q=hunter2").len(),
        0,
        "nor can it be searched for"
    );
    up.stop();

    // What is written at the end is masked too.
    let after = data.up(&[]);
    let stored = String::from_utf8_lossy(&after.stored_bytes()).into_owned();
    assert!(SECRETS.iter().all(|secret| !stored.contains(secret)) && stored.contains(PLAIN));
    after.stop();
}
