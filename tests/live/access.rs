//! Who may see what: tokens of every sort, sessions, and hosts that are not ours.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::harness::http::{self, Answer};
use crate::harness::jwt::{self, AUDIENCE};
use crate::harness::program::turn;
use crate::harness::up::{Data, RUNS_WITHIN, Up};
use crate::harness::wait;

/// A running `up` that has recorded two containers, `mine` and `other`.
fn recorded(data: &Data) -> Up {
    let up = data.up(&[]);
    for id in ["mine", "other"] {
        data.run(id, &["true"]).finish(RUNS_WITHIN).success();
        up.api.past(id);
    }
    up
}

fn secret(data: &Data) -> String {
    std::fs::read_to_string(data.path().join("secret"))
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

#[track_caller]
fn assert_problem(answer: &Answer, status: u16, about: &str) {
    assert_eq!(answer.status, status, "{about}: {}", answer.body);
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{about}"
    );
    let problem = answer.json();
    assert_eq!(
        (&problem["type"], &problem["status"]),
        (&json!("about:blank"), &json!(status)),
        "{about}"
    );
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| !detail.is_empty()),
        "{about}: {problem}"
    );
}

#[test]
fn a_token_opens_its_own_container_and_nothing_else() {
    let _turn = turn();
    let data = Data::new();
    let up = recorded(&data);
    let printed = data.token(&["--container", "mine", "--for", "1h"]);
    let minted = jwt::signed(
        &secret(&data),
        &json!({"aud": AUDIENCE, "container": "mine", "exp": now_s() + 600}),
    );
    for (token, scheme) in [
        (&printed, "token"),
        (&printed, "Bearer"),
        (&minted, "token"),
        (&minted, "bearer"),
    ] {
        let ask = |path: &str| get_as(&up, path, &format!("{scheme} {token}"));
        assert_eq!(
            ask("/api/v1/containers/mine").status,
            200,
            "{scheme} {token}"
        );
        assert_eq!(ask("/container/mine/proc").status, 200, "{scheme} {token}");
        for below in ["", "/processes", "/usage?metric=cpu", "/losses"] {
            assert_problem(
                &ask(&format!("/api/v1/containers/other{below}")),
                403,
                below,
            );
            // Not even whether there is such a container.
            assert_problem(
                &ask(&format!("/api/v1/containers/nowhere{below}")),
                403,
                below,
            );
        }
        assert_problem(&ask("/api/v1/stream"), 403, "the stream of everything");
        let refused = ask("/container/other/proc");
        assert_eq!(
            (refused.status, refused.body.as_str()),
            (401, "not authorized")
        );
        let list = ask("/api/v1/containers").json();
        let ids: Vec<_> = list["containers"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|c| c["id"].clone())
            .collect();
        assert_eq!(
            (ids, &list["total"]),
            (vec![json!("mine")], &json!(1)),
            "it sees itself alone"
        );
    }
    let admin = data.token(&["--admin", "--for", "1h"]);
    let ask = |path: &str| get_as(&up, path, &format!("Bearer {admin}"));
    assert_eq!(ask("/api/v1/containers").json()["total"], 2);
    assert_problem(
        &ask("/api/v1/containers/nowhere"),
        404,
        "an unknown container, for an admin",
    );
    up.stop();
}

#[test]
fn tokens_that_are_not_good_are_refused_everywhere() {
    let _turn = turn();
    let data = Data::new();
    let up = recorded(&data);
    let (secret, soon) = (secret(&data), now_s() + 600);
    let claims = json!({"aud": AUDIENCE, "container": "mine", "exp": soon});
    let good = jwt::signed(&secret, &claims);
    let unsigned = jwt::unsigned(&json!({"alg": "none", "typ": "JWT"}), &claims);
    let changed = {
        let (body, signature) = good.rsplit_once('.').expect("three parts");
        let first = if signature.starts_with('A') { "B" } else { "A" };
        format!("{body}.{first}{}", &signature[1..])
    };
    let bad = [
        ("no token", String::new()),
        ("rubbish", "token rubbish".into()),
        ("dots", "token ..".into()),
        ("nothing behind the scheme", "token".into()),
        ("a scheme of a proxy", "Basic dTpw".into()),
        ("a changed signature", format!("token {changed}")),
        ("no signature", format!("token {unsigned}.")),
        (
            "another secret",
            format!(
                "token {}",
                jwt::signed("another-secret-of-this-site", &claims)
            ),
        ),
        (
            "an empty secret",
            format!("token {}", jwt::signed("", &claims)),
        ),
        (
            "expired",
            format!(
                "token {}",
                jwt::signed(
                    &secret,
                    &json!({"aud": AUDIENCE, "container": "mine", "exp": now_s() - 1})
                )
            ),
        ),
        (
            "another audience",
            format!(
                "token {}",
                jwt::signed(
                    &secret,
                    &json!({"aud": "urn:other", "container": "mine", "exp": soon})
                )
            ),
        ),
        (
            "no audience",
            format!(
                "token {}",
                jwt::signed(&secret, &json!({"container": "mine", "exp": soon}))
            ),
        ),
        (
            "no container",
            format!(
                "token {}",
                jwt::signed(&secret, &json!({"aud": AUDIENCE, "exp": soon}))
            ),
        ),
        (
            "an empty container",
            format!(
                "token {}",
                jwt::signed(
                    &secret,
                    &json!({"aud": AUDIENCE, "container": "", "exp": soon})
                )
            ),
        ),
        (
            "a number as container",
            format!(
                "token {}",
                jwt::signed(
                    &secret,
                    &json!({"aud": AUDIENCE, "container": 7, "exp": soon})
                )
            ),
        ),
        (
            "an admin in words",
            format!(
                "token {}",
                jwt::signed(
                    &secret,
                    &json!({"aud": AUDIENCE, "admin": "true", "exp": soon})
                )
            ),
        ),
        (
            "twenty thousand letters",
            format!("token {}", "a".repeat(20_000)),
        ),
    ];
    assert_eq!(
        get_as(&up, "/api/v1/containers/mine", &format!("token {good}")).status,
        200,
        "what the bad ones were made of is good"
    );
    for (about, authorization) in bad {
        for path in [
            "/api/v1/containers",
            "/api/v1/containers/mine",
            "/api/v1/containers/mine/processes",
            "/api/v1/stream?container=mine",
        ] {
            assert_problem(
                &get_as(&up, path, &authorization),
                401,
                &format!("{about} on {path}"),
            );
        }
        for path in [
            "/container/mine/proc",
            "/container/mine/cpu",
            "/container/mine/mem",
            "/container/mine/io",
        ] {
            let answer = get_as(&up, path, &authorization);
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
    let token = data.token(&["--container", "mine", "--for", "2s"]);
    let ask = || get_as(&up, "/api/v1/containers/mine", &format!("token {token}")).status;
    assert_eq!(ask(), 200);
    wait::until("the token's end", Duration::from_secs(4), || {
        if ask() == 401 {
            Ok(())
        } else {
            Err("it still opens".into())
        }
    });
    up.stop();
}

#[test]
fn a_session_stands_for_its_token() {
    let _turn = turn();
    let data = Data::new();
    let up = recorded(&data);
    let token = data.token(&["--container", "mine", "--for", "1h"]);
    let body = json!({"token": token, "container": "mine"}).to_string();
    let json_type = ("Content-Type", "application/json");
    let post = |headers: &[(&str, &str)], body: &str| {
        http::call(up.api.address, "POST", "/api/v1/session", headers, body)
    };

    let opened = post(&[json_type], &body);
    assert_eq!(opened.status, 204, "{}", opened.body);
    let cookie = opened.header("set-cookie");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().expect("a name and a value");
    let ask = |path: &str| http::get(up.api.address, path, &[("Cookie", cookie)]);
    assert_eq!(ask("/api/v1/containers/mine").status, 200);
    assert_problem(
        &ask("/api/v1/containers/other"),
        403,
        "another container by cookie",
    );
    let me = ask("/api/v1/me?container=mine").json();
    assert_eq!(
        (
            &me["admin"],
            &me["container"],
            &me["auth"],
            &me["recording"]
        ),
        (&json!(false), &json!("mine"), &json!(true), &json!(true))
    );

    assert_problem(
        &post(&[json_type, ("Origin", "http://elsewhere.example")], &body),
        403,
        "a page of another site",
    );
    assert_problem(
        &post(&[json_type], &json!({"token": "rubbish"}).to_string()),
        401,
        "a bad token",
    );
    assert_problem(&post(&[json_type], "{"), 400, "no JSON");
    assert_problem(
        &post(
            &[json_type],
            &format!("{{\"token\":\"{}\"}}", "a".repeat(1 << 20)),
        ),
        413,
        "a megabyte",
    );
    up.stop();
}

#[test]
fn a_host_that_is_not_ours_is_refused() {
    let _turn = turn();
    let data = Data::new();
    let up = recorded(&data);
    let request = format!(
        "GET /api/v1/containers/mine HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
        up.api.token
    );
    let answer = http::raw(up.api.address, request.as_bytes());
    assert_eq!(answer.status, 421, "{}", answer.body);
    assert!(!answer.body.contains("\"began_ms\""), "{}", answer.body);
    up.stop();
}
