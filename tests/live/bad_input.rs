//! Bad input: what is malformed is named, what is unknown is not found, and nothing a client sends is the server's fault.

use crate::harness::http;
use crate::harness::program::turn;
use crate::harness::up::{Data, RUNS_WITHIN, Up};

fn recorded(data: &Data) -> Up {
    let up = data.up(&[]);
    data.run("known", &["true"]).finish(RUNS_WITHIN).success();
    up.api.past("known");
    up
}

#[test]
fn a_malformed_parameter_is_named() {
    let _turn = turn();
    let data = Data::new();
    let up = recorded(&data);
    // The parameter at fault, the route below the container, and the query.
    let bad = [
        ("top", "usage", "metric=cpu&top=-1"),
        ("top", "usage", "metric=cpu&top=101"),
        ("top", "usage", "metric=cpu&top=ten"),
        ("top", "usage", "metric=cpu&top=99999999999999999999999999"),
        ("top", "usage", "metric=cpu&top=1&top=2"),
        ("metric", "usage", "metric=temperature"),
        ("metric", "usage", "metric=CPU"),
        ("resolution", "usage", "metric=cpu&resolution=w"),
        ("points", "usage", "metric=cpu&points=9"),
        ("points", "usage", "metric=cpu&points=5001"),
        ("process", "usage", "metric=cpu&process=12"),
        ("from", "usage", "metric=cpu&from=yesterday"),
        ("from", "usage", "metric=cpu&from=-1"),
        ("from", "usage", "metric=cpu&from=NaN"),
        ("from", "usage", "metric=cpu&from=1e400"),
        ("from", "usage", "metric=cpu&from=2000&to=1000"),
        ("to", "usage", "metric=cpu&to=99999999999999999999999999"),
        ("from", "processes", "from=2000&to=1000"),
        ("from", "processes", "from=0x10"),
        ("sort", "processes", "sort=colour"),
        ("order", "processes", "order=up"),
        ("limit", "processes", "limit=0"),
        ("limit", "processes", "limit=100001"),
        ("offset", "processes", "offset=-1"),
        ("from", "losses", "from=soon"),
    ];
    for (name, below, query) in bad {
        let path = format!("/api/v1/containers/known/{below}?{query}");
        let answer = up.api.get(&path);
        answer.assert_problem(400, &path);
        let detail = answer.json()["detail"].to_string();
        assert!(
            detail.contains(&format!("`{name}`")),
            "{path}: the answer does not name {name}: {detail}"
        );
    }
    for query in [
        "limit=0",
        "limit=501",
        "limit=-1",
        "offset=x",
        "state=gone",
        "kind=vm",
    ] {
        up.api
            .get(&format!("/api/v1/containers?{query}"))
            .assert_problem(400, query);
    }
    for below in [
        "cpu?interval=w",
        "mem?interval=1",
        "io?interval=S",
        "cpu?top=-1",
        "mem?top=x",
        "cpu/notapid",
        "cpu/-1",
        "cpu/1?interval=",
    ] {
        let answer = up.api.get(&format!("/container/known/{below}"));
        // An empty value counts as not given.
        let expected = if below.ends_with('=') { 200 } else { 400 };
        assert_eq!(answer.status, expected, "{below}: {}", answer.body);
    }
    up.stop();
}

#[test]
fn what_is_unknown_is_not_found_also_for_admins() {
    let _turn = turn();
    let data = Data::new();
    let up = recorded(&data);
    let nobody = "00112233445566778899aabbccddeeff";
    for below in [
        "",
        "/processes",
        "/usage?metric=cpu",
        "/losses",
        &format!("/processes/{nobody}"),
    ] {
        let path = format!("/api/v1/containers/unknown{below}");
        up.api.get(&path).assert_problem(404, &path);
    }
    let path = format!("/api/v1/containers/known/processes/{nobody}");
    up.api.get(&path).assert_problem(404, "a process");
    up.api
        .get("/api/v1/stream?container=unknown")
        .assert_problem(404, "a stream");
    up.api.get("/api/v1/nothing").assert_problem(404, "a route");
    // The seed's users see an empty answer where nothing was recorded (yet).
    for (below, body) in [
        ("proc", r#"{"data":[]}"#),
        ("cpu", "{}"),
        ("cpu/17", "{}"),
        ("mem", "{}"),
        ("io", "{}"),
        ("io?interval=s", "{}"),
    ] {
        let answer = up.api.get(&format!("/container/unknown/{below}"));
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, body),
            "{below}"
        );
    }
    up.stop();
}

#[test]
fn hostile_ids_and_requests_are_the_clients_fault() {
    let _turn = turn();
    let data = Data::new();
    let up = recorded(&data);
    let long = "a".repeat(1_025);
    let longer = "%2F".repeat(3_000);
    let ids = [
        long.as_str(),
        &longer,
        "%00",
        "%0a",
        "%ff%fe",
        "..%2f..%2fsecret",
        "%2e%2e",
        "'%20OR%201=1--",
        "known%27",
        "%25s%25n",
        "*",
        "kn_wn",
        "%E2%80%AE",
        "known%00",
        "..",
        "%3Cscript%3E",
    ];
    for id in ids {
        for below in ["", "/processes", "/usage?metric=cpu", "/losses"] {
            let answer = up.api.get(&format!("/api/v1/containers/{id}{below}"));
            assert!(
                [400, 404].contains(&answer.status),
                "{id}{below}: {} {}",
                answer.status,
                answer.body
            );
        }
        let seed = up.api.get(&format!("/container/{id}/proc"));
        assert!(
            [200, 400, 404].contains(&seed.status),
            "{id}: {} {}",
            seed.status,
            seed.body
        );
        assert!(
            !seed.body.contains("known") || seed.status == 400,
            "{id} found what it does not name: {}",
            seed.body
        );
    }
    for process in [
        "17",
        "xx112233445566778899aabbccddeeff",
        "%00",
        &"0".repeat(5_000),
    ] {
        let answer = up
            .api
            .get(&format!("/api/v1/containers/known/processes/{process}"));
        assert!(
            [400, 404].contains(&answer.status),
            "{process}: {} {}",
            answer.status,
            answer.body
        );
    }

    let authorization = ("Authorization", format!("Bearer {}", up.api.token));
    for method in ["POST", "PUT", "DELETE", "PATCH", "BREW"] {
        let answer = http::call(
            up.api.address,
            method,
            "/api/v1/containers/known",
            &[(authorization.0, &authorization.1)],
            "",
        );
        answer.assert_problem(405, method);
    }
    let raw: [&[u8]; 6] = [
        b"GET /api/v1/containers/\xff\xfe HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET api HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n\r\n\r\n\r\nrubbish\r\n\r\n",
        b"GET /api/v1/containers HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /api/v1/containers HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: token \xff\xfe\r\n\r\n",
    ];
    for request in raw {
        let answer = http::raw(up.api.address, request);
        assert!(
            (400..500).contains(&answer.status),
            "{}: {} {}",
            request.escape_ascii(),
            answer.status,
            answer.body
        );
    }
    let giant = format!(
        "GET /api/v1/containers/{} HTTP/1.0\r\nHost: {}\r\n\r\n",
        "a".repeat(200_000),
        up.api.address
    );
    let answer = http::raw(up.api.address, giant.as_bytes());
    assert!(
        (400..500).contains(&answer.status),
        "an id of 200,000 bytes: {} {}",
        answer.status,
        answer.body
    );

    // It still serves.
    assert_eq!(up.api.container("known").expect("still known").processes, 1);
    up.stop();
}
