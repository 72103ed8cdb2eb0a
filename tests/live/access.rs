//! Who may see what: tokens that open, tokens that do not, and hosts that are not ours. Sessions are in `session`.

use std::net::Ipv4Addr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::harness::http::{self, Answer};
use crate::harness::jwt::{self, AUDIENCE};
use crate::harness::program::turn;
use crate::harness::up::{Data, RUNS_WITHIN, Up};
use crate::harness::wait::{self, PATIENCE};

/// A running `up` that has recorded two containers, `mine` and `other`.
pub(crate) fn recorded(data: &Data) -> Up {
    let up = data.up(&[]);
    let runs = ["mine", "other"].map(|id| (id, data.run(id, &["true"])));
    for (id, run) in runs {
        run.finish(RUNS_WITHIN).success();
        up.api.past(id);
    }
    up
}

fn secret(data: &Data) -> String {
    let file = data.path().join("secret");
    std::fs::read_to_string(file)
        .expect("`up` made a secret")
        .trim()
        .to_owned()
}

fn now_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is set")
        .as_secs()
}

fn get_as(up: &Up, path: &str, authorization: &str) -> Answer {
    http::get(up.api.address, path, &[("Authorization", authorization)])
}

#[test]
fn a_token_opens_its_own_container_and_nothing_else() {
    let _turn = turn();
    let data = Data::new();
    let up = recorded(&data);
    let printed = data.token(&["--container", "mine", "--for", "1h"]);
    let claims = json!({"aud": AUDIENCE, "container": "mine", "exp": now_s() + 600});
    let minted = jwt::signed(&secret(&data), &claims);
    let ways = [
        (&printed, "token"),
        (&printed, "Bearer"),
        (&minted, "token"),
        (&minted, "bearer"),
    ];
    for (token, scheme) in ways {
        let ask = |path: &str| get_as(&up, path, &format!("{scheme} {token}"));
        assert_eq!(
            ask("/api/v1/containers/mine").status,
            200,
            "{scheme} {token}"
        );
        assert_eq!(ask("/container/mine/proc").status, 200, "{scheme} {token}");
        // Of the unknown, not even whether it is there.
        for id in ["other", "nowhere"] {
            for below in ["", "/processes", "/usage?metric=cpu", "/losses"] {
                let path = format!("/api/v1/containers/{id}{below}");
                ask(&path).assert_problem(403, &path);
            }
        }
        ask("/api/v1/stream").assert_problem(403, "the stream of everything");
        let refused = ask("/container/other/proc");
        assert_eq!(
            (refused.status, refused.body.as_str()),
            (401, "not authorized")
        );

        let list = ask("/api/v1/containers").json();
        let all = list["containers"].as_array().expect("a list");
        let ids: Vec<_> = all.iter().map(|container| &container["id"]).collect();
        assert_eq!(
            (ids, &list["total"]),
            (vec![&json!("mine")], &json!(1)),
            "it sees itself alone"
        );
    }

    let admin = data.token(&["--admin", "--for", "1h"]);
    let ask = |path: &str| get_as(&up, path, &format!("Bearer {admin}"));
    let list = ask("/api/v1/containers?limit=500").json();
    let ids: Vec<_> = list["containers"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|container| container["id"].as_str().unwrap_or_default())
        .collect();
    // The machine may run containers of its own besides.
    assert!(ids.contains(&"mine") && ids.contains(&"other"), "{ids:?}");
    ask("/api/v1/containers/nowhere").assert_problem(404, "an unknown container, for an admin");
    up.stop();
}

/// What stands in an `Authorization` header and must open nothing.
fn bad_authorizations(secret: &str) -> Vec<(&'static str, String)> {
    let soon = now_s() + 600;
    let claims = json!({"aud": AUDIENCE, "container": "mine", "exp": soon});
    let good = jwt::signed(secret, &claims);
    let (body, signature) = good.rsplit_once('.').expect("three parts");
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let changed = format!("token {body}.{first}{}", &signature[1..]);
    let unsigned = jwt::unsigned(&json!({"alg": "none", "typ": "JWT"}), &claims);
    let by = |secret: &str, claims| format!("token {}", jwt::signed(secret, &claims));
    vec![
        ("no token", String::new()),
        ("rubbish", "token rubbish".into()),
        ("dots", "token ..".into()),
        ("nothing behind the scheme", "token".into()),
        ("a scheme of a proxy", "Basic dTpw".into()),
        ("a changed signature", changed),
        ("no signature", format!("token {unsigned}.")),
        (
            "another secret",
            by("another-secret-of-this-site", claims.clone()),
        ),
        ("an empty secret", by("", claims)),
        (
            "expired",
            by(
                secret,
                json!({"aud": AUDIENCE, "container": "mine", "exp": now_s() - 1}),
            ),
        ),
        (
            "another audience",
            by(
                secret,
                json!({"aud": "urn:x", "container": "mine", "exp": soon}),
            ),
        ),
        (
            "no audience",
            by(secret, json!({"container": "mine", "exp": soon})),
        ),
        (
            "no container",
            by(secret, json!({"aud": AUDIENCE, "exp": soon})),
        ),
        (
            "an empty container",
            by(
                secret,
                json!({"aud": AUDIENCE, "container": "", "exp": soon}),
            ),
        ),
        (
            "a number as container",
            by(
                secret,
                json!({"aud": AUDIENCE, "container": 7, "exp": soon}),
            ),
        ),
        (
            "an admin in words",
            by(
                secret,
                json!({"aud": AUDIENCE, "admin": "true", "exp": soon}),
            ),
        ),
        (
            "an admin for ever",
            by(secret, json!({"aud": AUDIENCE, "admin": true})),
        ),
        (
            "twenty thousand letters",
            format!("token {}", "a".repeat(20_000)),
        ),
    ]
}

#[test]
fn tokens_that_are_not_good_are_refused_everywhere() {
    let _turn = turn();
    let data = Data::new();
    let up = recorded(&data);
    let ours = [
        "/api/v1/containers",
        "/api/v1/containers/mine",
        "/api/v1/containers/mine/processes",
        "/api/v1/stream?container=mine",
    ];
    let seeds = ["proc", "cpu", "mem", "io"].map(|route| format!("/container/mine/{route}"));
    // Each from an address of its own: who tries many wrong tokens is told to wait.
    for (host, (about, authorization)) in (2..).zip(bad_authorizations(&secret(&data))) {
        let source = Ipv4Addr::new(127, 0, 0, host);
        let get = |path: &str| {
            let headers = [("Authorization", authorization.as_str())];
            http::get_from(source, up.api.address, path, &headers)
        };
        for path in ours {
            let answer = get(path);
            answer.assert_problem(401, &format!("{about} on {path}"));
        }
        for path in &seeds {
            let answer = get(path);
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (401, "not authorized"),
                "{about} on {path}"
            );
        }
    }
    up.stop();
}

#[test]
fn a_printed_token_ends_when_it_said_it_would() {
    let _turn = turn();
    let data = Data::new();
    let up = recorded(&data);
    let token = data.token(&["--container", "mine", "--for", "5s"]);
    let ask = || get_as(&up, "/api/v1/containers/mine", &format!("token {token}")).status;
    assert_eq!(ask(), 200);
    wait::until("the token's end", PATIENCE, || match ask() {
        401 => Ok(()),
        status => Err(format!("it still opens: {status}")),
    });
    up.stop();
}

#[test]
fn a_host_that_is_not_ours_is_refused() {
    let _turn = turn();
    let data = Data::new();
    let up = recorded(&data);
    let request = format!(
        "GET /api/v1/containers/mine HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\
         Authorization: Bearer {}\r\n\r\n",
        up.api.token
    );
    http::raw(up.api.address, request.as_bytes()).assert_problem(421, "a name that is not ours");
    up.stop();
}
