//! Sessions: a token exchanged for a cookie that no script can read, and that opens no more than the token did.

use serde_json::json;

use crate::access::recorded;
use crate::harness::http::{self, Answer};
use crate::harness::program::turn;
use crate::harness::up::{Data, Up};

const JSON: (&str, &str) = ("Content-Type", "application/json");

fn post(up: &Up, headers: &[(&str, &str)], body: &str) -> Answer {
    http::call(up.api.address, "POST", "/api/v1/session", headers, body)
}

/// Opens a session and returns its cookie, as a browser would send it.
fn open(up: &Up, body: &str) -> String {
    let opened = post(up, &[JSON], body);
    assert_eq!(opened.status, 204, "{}", opened.body);
    let cookie = opened.header("set-cookie");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    cookie
        .split(';')
        .next()
        .expect("a name and a value")
        .to_owned()
}

#[test]
fn a_session_stands_for_its_token() {
    let _turn = turn();
    let data = Data::new();
    let up = recorded(&data);
    let token = data.token(&["--container", "mine", "--for", "1h"]);
    let cookie = open(
        &up,
        &json!({"token": token, "container": "mine"}).to_string(),
    );
    let ask = |path: &str| http::get(up.api.address, path, &[("Cookie", &cookie)]);
    assert_eq!(ask("/api/v1/containers/mine").status, 200);
    ask("/api/v1/containers/other").assert_problem(403, "another container by cookie");
    let me = ask("/api/v1/me?container=mine").json();
    assert_eq!(
        (&me["admin"], &me["container"]),
        (&json!(false), &json!("mine")),
        "{me}"
    );
    assert_eq!(
        (&me["auth"], &me["recording"]),
        (&json!(true), &json!(true)),
        "{me}"
    );

    // A second tab logs nobody out.
    let other = data.token(&["--container", "other", "--for", "1h"]);
    let second = open(
        &up,
        &json!({"token": other, "container": "other"}).to_string(),
    );
    let both = format!("{cookie}; {second}");
    for id in ["mine", "other"] {
        let answer = http::get(
            up.api.address,
            &format!("/api/v1/containers/{id}"),
            &[("Cookie", &both)],
        );
        assert_eq!(answer.status, 200, "{id}: {}", answer.body);
    }

    let path = "/api/v1/session?container=mine";
    let closed = http::call(up.api.address, "DELETE", path, &[("Cookie", &both)], "");
    assert_eq!(closed.status, 204, "{}", closed.body);
    let name = cookie.split('=').next().expect("it has a name");
    let taken = closed.header("set-cookie");
    assert!(
        taken.starts_with(&format!("{name}=;")) && taken.contains("Max-Age=0"),
        "{taken}"
    );
    up.stop();
}

#[test]
fn a_session_is_not_opened_by_others() {
    let _turn = turn();
    let data = Data::new();
    let up = recorded(&data);
    let token = data.token(&["--container", "mine", "--for", "1h"]);
    let good = json!({"token": token, "container": "mine"}).to_string();
    let elsewhere = [JSON, ("Origin", "http://elsewhere.example")];
    post(&up, &elsewhere, &good).assert_problem(403, "a page of another site");
    let bad_token = json!({"token": "rubbish"}).to_string();
    post(&up, &[JSON], &bad_token).assert_problem(401, "a bad token");
    let others = json!({"token": token, "container": "other"}).to_string();
    post(&up, &[JSON], &others).assert_problem(403, "another container's session");
    for body in ["{", "[]", "null", "{\"token\":7}", "{}"] {
        post(&up, &[JSON], body).assert_problem(400, body);
    }
    let megabyte = json!({"token": "a".repeat(1 << 20)}).to_string();
    post(&up, &[JSON], &megabyte).assert_problem(413, "a megabyte");
    up.stop();
}
