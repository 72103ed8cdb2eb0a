//! CPU time of one process by core, from a recording whose every number is known.

use serde_json::{Value, json};

use crate::recording::{FULL, S, T0, process, recording};
use crate::site::{Site, site};

async fn cpus(site: &Site, number: u8, query: &str) -> Value {
    let path = format!(
        "/api/v1/containers/{FULL}/processes/{}/cpus?{query}",
        process(number)
    );
    site.json(&path).await
}

#[tokio::test]
async fn each_core_second_by_second() {
    let site = site(&recording()).await;
    let answer = cpus(&site, 2, "resolution=s").await;
    let expected = json!({"unit": "ns_per_s", "resolution": "s", "step_ms": 1000, "from_ms": (T0 + 2) * 1000, "to_ms": (T0 + 7) * 1000});
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&answer[field], value, "{field}");
    }
    let quarter = S / 4;
    assert_eq!(
        answer["cpus"],
        json!([
            {"cpu": 0, "sum": 5 * quarter, "mean": [S, quarter, 0, 0, 0]},
            {"cpu": 5, "sum": 11 * quarter, "mean": [0, 3 * quarter, S, S, 0]},
        ])
    );
    assert_eq!(answer["times_ms"].as_array().unwrap().len(), 5);
    assert_eq!(answer["losses"][0]["reason"], "samples_missed");
}

#[tokio::test]
async fn a_part_of_its_time_counts_from_what_was_before() {
    let site = site(&recording()).await;
    let from = (T0 + 4) * 1000;
    let answer = cpus(&site, 2, &format!("resolution=s&from={from}")).await;
    assert_eq!(
        answer["cpus"],
        json!([{"cpu": 5, "sum": 2 * S, "mean": [S, S, 0]}])
    );
    let minute = cpus(&site, 2, "resolution=m").await;
    assert_eq!(
        (&minute["cpus"][0]["sum"], &minute["cpus"][1]["sum"]),
        (&json!(S / 4 * 5), &json!(S / 4 * 11))
    );
}

#[tokio::test]
async fn where_nothing_was_counted_there_is_no_core() {
    let site = site(&recording()).await;
    assert_eq!(cpus(&site, 1, "").await["cpus"], json!([]));
}
