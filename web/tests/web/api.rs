//! Containers, processes and losses as `docs/api.md` describes them.

use serde_json::{Value, json};

use crate::recording::{FULL, MIB, REUSED, SHORT, T0, process, recording};
use crate::site::{admin, site, token_for};

fn ids(answer: &Value, list: &str) -> Vec<u64> {
    answer[list]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["seed_id"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn me_says_who_and_where() {
    let site = site(&recording()).await;
    site.health
        .send_modify(|health| health.problem = Some("no BTF".into()));
    let me = site.json("/api/v1/me").await;
    let expires_ms = me["expires_ms"].as_u64().unwrap();
    assert!(expires_ms > T0 * 1000 && expires_ms % 1000 == 0);
    let expected = json!({
        "admin": true, "container": null, "expires_ms": expires_ms, "auth": true, "host": "node1",
        "version": env!("CARGO_PKG_VERSION"), "recording": false, "recording_problem": "no BTF",
    });
    assert_eq!(me, expected);
}

#[tokio::test]
async fn containers_are_listed_by_their_last_record() {
    let site = site(&recording()).await;
    let all = site.json("/api/v1/containers").await;
    assert_eq!(all["total"], 2);
    let expected = json!({
        "id": FULL, "short_id": SHORT, "name": "web", "kind": "docker", "image": "debian:12", "command": null,
        "labels": {"team": "<b>red</b>"}, "limits": {"memory_bytes": 512 * MIB, "cpu_milli": null, "pids": null},
        "cgroup": format!("/docker/{FULL}"), "uid": null, "host": "node1", "state": "live",
        "began_ms": T0 * 1000, "ended_ms": null, "last_record_ms": T0 * 1000 + 9500,
        "processes": 3, "open_processes": 1, "failed_processes": 2, "cpu_ns": 5_010_000_000_u64, "rss_bytes": 10 * MIB,
        "peak_rss_bytes": 50 * MIB, "lives": 1,
    });
    assert_eq!(all["containers"][0], expected);
    assert_eq!(all["containers"][1]["id"], "job_7");
    assert_eq!(all["containers"][1]["short_id"], json!(null));
    // Nothing failed is 0; of a peak that nobody measured nothing is said.
    let other = &all["containers"][1];
    assert_eq!(
        (&other["failed_processes"], &other["peak_rss_bytes"]),
        (&json!(0), &json!(null))
    );
    for (query, found) in [
        ("state=past", "job_7"),
        ("kind=docker", FULL),
        ("host=node1&uid=", FULL),
        ("q=JOB_", "job_7"),
        ("limit=1&offset=1", "job_7"),
        ("q=&state=&limit=1", FULL),
    ] {
        assert_eq!(
            site.json(&format!("/api/v1/containers?{query}")).await["containers"][0]["id"],
            found,
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_containers_token_lists_itself_alone() {
    let site = site(&recording()).await;
    let list = async |query: &str| {
        site.get_as(&format!("/api/v1/containers?{query}"), &token_for(SHORT))
            .await
            .json()
    };
    let own = list("").await;
    assert_eq!(
        (&own["total"], own["containers"][0]["id"].as_str()),
        (&json!(1), Some(FULL))
    );
    for (query, total) in [
        ("state=past", 0),
        ("kind=docker", 1),
        ("q=WEB", 1),
        ("q=nothing", 0),
    ] {
        assert_eq!(list(query).await["total"], total, "{query}");
    }
    let nobody = site
        .get_as("/api/v1/containers", &token_for("job_404"))
        .await
        .json();
    assert_eq!(nobody, json!({"total": 0, "containers": []}));
}

#[tokio::test]
async fn one_container_with_its_lives_and_keep_times() {
    let site = site(&recording()).await;
    let one = site.json(&format!("/api/v1/containers/{SHORT}")).await;
    assert_eq!(one["id"], FULL);
    assert_eq!(
        one["lives"],
        json!([{"host": "node1", "began_ms": T0 * 1000, "ended_ms": null, "image": "debian:12", "command": null}])
    );
    assert_eq!(
        one["retention"],
        json!({"seconds_s": 3600, "minutes_s": 172_800, "hours_s": 10_368_000})
    );
}

#[tokio::test]
async fn a_cgroup_path_is_one_segment() {
    let mut batches = recording();
    let life = crate::recording::life("/user.slice/a b", T0);
    batches[0].containers.push(crate::recording::container(
        &life,
        bc_schema::ContainerKind::Cgroup,
        None,
    ));
    let site = site(&batches).await;
    let path = "%2Fuser.slice%2Fa%20b";
    assert_eq!(
        site.json(&format!("/api/v1/containers/{path}")).await["id"],
        "/user.slice/a b"
    );
    assert_eq!(
        site.json(&format!("/container/{path}/proc")).await,
        json!({"data": []})
    );
}

#[tokio::test]
async fn a_process_in_full() {
    let site = site(&recording()).await;
    let one = site
        .json(&format!(
            "/api/v1/containers/{FULL}/processes/{}",
            process(3)
        ))
        .await;
    let at_ms = T0 * 1000 + 7000;
    let expected = json!({
        "id": process(3), "pid": 11, "seed_id": REUSED, "container_pid": 3, "parent": process(1), "parent_pid": 10, "uid": 1000,
        "children": 0, "is_root": false, "name": "true", "exe": "/bin/true", "args": ["true"], "args_cut": false, "inherited": false,
        "start_ms": at_ms, "entered_ms": at_ms, "end_ms": at_ms + 20, "exit_code": null, "signal": 9, "signal_name": "SIGKILL",
        "oom_killed": false, "core_dumped": false, "end_unseen": false, "last_sample_ms": at_ms + 20,
        "totals": {"cpu_ns": 10_000_000, "peak_rss_bytes": 50 * MIB},
        "execs": [{"at_ms": at_ms, "name": "true", "exe": "/bin/true", "args": ["true"], "args_cut": false, "inherited": false}],
    });
    assert_eq!(one, expected);
}

#[tokio::test]
async fn processes_are_sorted_filtered_and_paged() {
    let site = site(&recording()).await;
    let list = async |query: &str| {
        site.json(&format!("/api/v1/containers/{FULL}/processes?{query}"))
            .await
    };
    for (query, expected) in [
        ("", vec![10, 11, REUSED]),
        ("order=desc", vec![REUSED, 11, 10]),
        ("sort=cpu", vec![11, 10, REUSED]),
        ("sort=cpu&order=asc", vec![REUSED, 10, 11]),
        ("sort=rss", vec![REUSED, 10, 11]),
        ("sort=io", vec![10, 11, REUSED]),
        ("sort=name", vec![11, 10, REUSED]),
        ("sort=pid&order=desc", vec![11, REUSED, 10]),
        ("q=PIPELINE", vec![10]),
        ("q=<script>", vec![11]),
        ("q=11", vec![11, REUSED]),
        ("root=burn", vec![11]),
        ("root=sh", vec![10, 11, REUSED]),
        ("root=nobody", vec![]),
        ("limit=1&offset=1", vec![11]),
        ("offset=100", vec![]),
        ("state=running", vec![10]),
        ("state=ended", vec![11, REUSED]),
        ("state=failed&sort=cpu", vec![11, REUSED]),
        ("state=failed&signal=9", vec![REUSED]),
        ("signal=15", vec![]),
        ("oom_killed=true", vec![]),
        ("oom_killed=false&q=true", vec![REUSED]),
        ("uid=1000", vec![10, 11, REUSED]),
        ("uid=0", vec![]),
        ("host=node1", vec![10, 11, REUSED]),
        ("host=node2", vec![]),
        ("parent=none", vec![10]),
        ("parent=01010101010101010101010101010101", vec![11, REUSED]),
        ("parent=02020202020202020202020202020202", vec![]),
    ] {
        assert_eq!(ids(&list(query).await, "processes"), expected, "{query}");
    }
    assert_eq!(list("limit=1").await["total"], 3);
    // Who lived in a span, its edges included.
    let between = async |from: u64, to: u64| {
        ids(
            &list(&format!("from={}&to={}", T0 * 1000 + from, T0 * 1000 + to)).await,
            "processes",
        )
    };
    assert_eq!(between(0, 1000).await, [10]);
    assert_eq!(between(6000, 6001).await, [10, 11]);
    assert_eq!(between(7010, 7011).await, [10, REUSED]);
    assert_eq!(between(8000, 9000).await, [10]);
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended() {
    let site = site(&recording()).await;
    for (order, expected) in [
        ("sort=start", [10, 11, REUSED]),
        ("sort=cpu", [11, 10, REUSED]),
        ("sort=pid&order=desc", [11, REUSED, 10]),
    ] {
        let mut after = String::new();
        let mut seen = Vec::new();
        for _ in 0..3 {
            let path = format!("/api/v1/containers/{FULL}/processes?{order}&limit=1&after={after}");
            let page = site.json(&path).await;
            assert_eq!(page["total"], 3);
            seen.extend(ids(&page, "processes"));
            after = page["next"].as_str().unwrap_or_default().to_owned();
        }
        assert_eq!(
            (seen.as_slice(), after.as_str()),
            (expected.as_slice(), ""),
            "{order}"
        );
    }
    // Where a page ended need not be one of those asked for.
    let path = format!(
        "/api/v1/containers/{FULL}/processes?state=running&order=desc&after={}",
        process(2)
    );
    assert_eq!(ids(&site.json(&path).await, "processes"), [10]);
    let path = format!("/api/v1/containers/{FULL}/processes?after={}", process(9));
    assert_eq!(site.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_life_knows_what_its_processes_amounted_to() {
    let site = site(&recording()).await;
    let lives = site.json(&format!("/api/v1/containers/{FULL}/lives")).await;
    let expected = json!({"lives": [{
        "host": "node1", "began_ms": T0 * 1000, "ended_ms": null, "last_record_ms": T0 * 1000 + 9500, "image": "debian:12", "command": null,
        "processes": 3, "open_processes": 1, "failed_processes": 2, "cpu_ns": 5_010_000_000_u64, "peak_rss_bytes": 50 * MIB,
    }]});
    assert_eq!(lives, expected);
}

#[tokio::test]
async fn hostile_names_travel_as_text() {
    let site = site(&recording()).await;
    let answer = site
        .get(&format!("/api/v1/containers/{FULL}/processes?q=burn"))
        .await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        answer.json()["processes"][0]["args"][1],
        "<script>alert(1)</script>"
    );
}

#[tokio::test]
async fn losses_say_what_is_missing() {
    let site = site(&recording()).await;
    let losses = site
        .json(&format!("/api/v1/containers/{FULL}/losses"))
        .await;
    let loss = &losses["losses"][0];
    assert_eq!(
        (
            &loss["at_ms"],
            &loss["reason"],
            &loss["count"],
            &loss["container"]
        ),
        (
            &json!(T0 * 1000 + 4000),
            &json!("samples_missed"),
            &json!(1),
            &json!(false)
        )
    );
    assert!(loss["says"].as_str().unwrap().contains("no samples"));
    let later = format!("/api/v1/containers/{FULL}/losses?from={}", T0 * 1000 + 5000);
    assert_eq!(
        site.get_as(&later, &admin()).await.json(),
        json!({"losses": []})
    );
}
