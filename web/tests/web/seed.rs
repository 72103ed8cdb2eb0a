//! The seed's routes, byte for byte.

use serde_json::json;

use crate::recording::{FULL, REUSED, SHORT, T0, recording};
use crate::site::{admin, config, site, site_with, token_for};

#[tokio::test]
async fn ping_needs_no_token() {
    let answer = site(&[]).await.bare("/ping").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, r#"{"msg":"pong"}"#)
    );
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn proc_lists_every_process() {
    let site = site(&recording()).await;
    let answer = site
        .get_as(&format!("/container/{FULL}/proc"), &token_for(SHORT))
        .await;
    let expected = format!(
        concat!(
            r#"{{"data":[{{"id":10,"exe":"/bin/sh","args":"-c ./pipeline.sh","name":"sh","parent":1,"is_root":1}},"#,
            r#"{{"id":11,"exe":"/opt/burn","args":"<script>alert(1)</script> --n=4","name":"burn","parent":10,"is_root":0}},"#,
            r#"{{"id":{},"exe":"/bin/true","args":"","name":"true","parent":10,"is_root":0}}]}}"#
        ),
        REUSED
    );
    assert_eq!((answer.status, answer.body), (200, expected));
}

#[tokio::test]
async fn cpu_ranks_by_sum() {
    let site = site(&recording()).await;
    let two = site
        .get(&format!("/container/{SHORT}/cpu?top=2&interval=m"))
        .await;
    let expected = format!(
        r#"{{"11":[{{"proc_name":11,"ts":{T0},"duration":4000000000}}],"10":[{{"proc_name":10,"ts":{T0},"duration":1000000000}}]}}"#
    );
    assert_eq!(two.body, expected);

    let seconds = site.json(&format!("/container/{FULL}/cpu")).await;
    let rows = seconds["10"].as_array().unwrap();
    assert_eq!(rows.len(), 10);
    assert_eq!(
        rows[9],
        json!({"proc_name": 10, "ts": T0 + 9, "duration": 100_000_000})
    );
    assert_eq!(
        seconds[REUSED.to_string()],
        json!([{"proc_name": REUSED, "ts": T0 + 7, "duration": 10_000_000}])
    );
    for interval in ["h", "d"] {
        let answer = site
            .json(&format!("/container/{FULL}/cpu?interval={interval}&top=1"))
            .await;
        assert_eq!(answer["11"][0]["duration"], 4_000_000_000_u64);
        assert_eq!(answer.as_object().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn cpu_of_one_process_tells_reuses_apart() {
    let site = site(&recording()).await;
    let burn = site.json(&format!("/container/{FULL}/cpu/11")).await;
    let sum: u64 = burn["11"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["duration"].as_u64().unwrap())
        .sum();
    assert_eq!((sum, burn.as_object().unwrap().len()), (4_000_000_000, 1));
    let killed = site
        .json(&format!("/container/{FULL}/cpu/{REUSED}?interval=m"))
        .await;
    assert_eq!(killed[REUSED.to_string()][0]["duration"], 10_000_000);
    assert_eq!(
        site.get(&format!("/container/{FULL}/cpu/99")).await.body,
        "{}"
    );
}

#[tokio::test]
async fn mem_is_the_size_of_virtual_memory_in_kb() {
    let site = site(&recording()).await;
    let answer = site
        .get(&format!("/container/{FULL}/mem?interval=s&top=1"))
        .await
        .json();
    // 4 × 200 MiB is more than 10 × 20.
    let rows = answer["11"].as_array().unwrap();
    assert_eq!(rows.len(), 4);
    assert_eq!(
        rows[0],
        json!({"ts": T0 + 2, "vm_size": 204_800, "proc_name": 11})
    );
    assert_eq!(answer.as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn io_stands_under_all_files_until_files_come() {
    let site = site(&recording()).await;
    let whole = site.get(&format!("/container/{FULL}/io")).await;
    assert_eq!(
        whole.body,
        r#"{"10":[{"file_name":"/*","proc_id":10,"io_in":40960,"io_out":0}]}"#
    );
    let minutes = site
        .get(&format!("/container/{FULL}/io?interval=m&system=true"))
        .await;
    let expected = format!(
        r#"{{"/*":[{{"ts":{T0},"io_in":40960,"io_out":0,"file_name":"/*","proc_name":10}}]}}"#
    );
    assert_eq!(minutes.body, expected);
}

#[tokio::test]
async fn a_container_never_seen_has_nothing() {
    let site = site(&recording()).await;
    let token = token_for("job_404");
    assert_eq!(
        site.get_as("/container/job_404/proc", &token).await.body,
        r#"{"data":[]}"#
    );
    for route in ["cpu", "cpu/7", "mem", "io", "io?interval=h"] {
        let answer = site
            .get_as(&format!("/container/job_404/{route}"), &token)
            .await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, "{}"),
            "{route}"
        );
    }
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let site = site(&recording()).await;
    for (route, name) in [
        ("cpu?top=-1", "top"),
        ("cpu?top=ten", "top"),
        ("cpu?top=99999999999999999999999", "top"),
        ("mem?top=1.5", "top"),
        ("cpu?interval=S", "interval"),
        ("cpu/11?interval=week", "interval"),
        ("io?interval=y", "interval"),
        ("io?system=maybe", "system"),
        ("cpu/x", "pid"),
        ("cpu/99999999999999999999999", "pid"),
    ] {
        let answer = site.get(&format!("/container/{FULL}/{route}")).await;
        assert_eq!(answer.status, 400, "{route}");
        assert!(answer.body.contains(name), "{route}: {}", answer.body);
        assert!(
            answer.header("content-type").starts_with("text/plain"),
            "{route}"
        );
    }
}

#[tokio::test]
async fn what_retention_lets_go_is_not_told() {
    let mut config = config();
    config.retention.seconds_s = 3;
    let site = site_with(config, &recording()).await;
    let answer = site.json(&format!("/container/{FULL}/cpu")).await;
    // The last record is at 9.5 s: what begins before second 6 is gone, and with it all that was burnt in seconds 2 to 5.
    let kept: Vec<u64> = answer["10"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["ts"].as_u64().unwrap())
        .collect();
    assert_eq!(kept, [T0 + 6, T0 + 7, T0 + 8, T0 + 9]);
    assert_eq!(
        answer["11"],
        json!([{"proc_name": 11, "ts": T0 + 6, "duration": 0}])
    );
}

#[tokio::test]
async fn metrics_hold_numbers_and_no_ids() {
    let site = site(&recording()).await;
    site.health.send_modify(|health| {
        health.recording = true;
        health.samples = 1234;
        health.losses.insert(bc_schema::LossReason::RingFull, 5);
        health.own_cpu_ns = 1_250_000_000;
        health.own_rss_bytes = 33;
        health.ring_bytes = Some((4096, 65536));
        health.disk_bytes = Some((700, 9000));
        for ms in [1, 3, 4, 60_000] {
            health.commits.add(std::time::Duration::from_millis(ms));
        }
    });
    site.get(&format!("/container/{FULL}/proc")).await;
    site.bare(&format!("/container/{FULL}/proc")).await;
    let answer = site.bare("/metrics").await;
    assert_eq!(answer.status, 200);
    for line in [
        "bubble_chamber_recording 1",
        "bubble_chamber_samples_total 1234",
        r#"bubble_chamber_losses_total{reason="ring_full"} 5"#,
        r#"bubble_chamber_losses_total{reason="samples_missed"} 0"#,
        "bubble_chamber_cpu_seconds_total 1.25",
        "bubble_chamber_resident_memory_bytes 33",
        "bubble_chamber_ring_waiting_bytes 4096",
        "bubble_chamber_ring_size_bytes 65536",
        "bubble_chamber_store_bytes 700",
        "bubble_chamber_disk_free_bytes 9000",
        r#"bubble_chamber_commit_seconds_bucket{le="0.001"} 1"#,
        r#"bubble_chamber_commit_seconds_bucket{le="0.005"} 3"#,
        r#"bubble_chamber_commit_seconds_bucket{le="30.0"} 3"#,
        r#"bubble_chamber_commit_seconds_bucket{le="+Inf"} 4"#,
        "bubble_chamber_commit_seconds_count 4",
        "bubble_chamber_commit_seconds_sum 60.008",
        r#"bubble_chamber_http_requests_total{family="seed",status="2xx"} 1"#,
        r#"bubble_chamber_http_requests_total{family="seed",status="4xx"} 1"#,
        "# EOF",
    ] {
        assert!(
            answer.body.lines().any(|one| one == line),
            "{line} is not in\n{}",
            answer.body
        );
    }
    assert!(!answer.body.contains(SHORT) && !answer.body.contains(&admin()));
}
