//! The curves of a recording whose every number is known.

use bc_schema::{Metric, Metrics};
use serde_json::{Value, json};

use crate::recording::{FULL, MIB, S, T0, process, recording, sample};
use crate::site::{Site, site};

async fn usage(site: &Site, query: &str) -> Value {
    site.json(&format!("/api/v1/containers/{FULL}/usage?{query}"))
        .await
}

fn seconds(list: &Value) -> Vec<Option<u64>> {
    list.as_array().unwrap().iter().map(Value::as_u64).collect()
}

#[tokio::test]
async fn cpu_second_by_second() {
    let site = site(&recording()).await;
    let answer = usage(&site, "metric=cpu&top=1").await;
    let expected = json!({"metric": "cpu", "unit": "ns_per_s", "resolution": "s", "step_ms": 1000, "from_ms": T0 * 1000, "to_ms": (T0 + 10) * 1000});
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&answer[field], value, "{field}");
    }
    assert_eq!(
        seconds(&answer["times_ms"]),
        (0..10)
            .map(|second| Some((T0 + second) * 1000))
            .collect::<Vec<_>>()
    );
    assert_eq!(seconds(&answer["covered_ms"]), [Some(1000); 10]);
    let tenth = S / 10;
    let burn = [
        None,
        None,
        Some(S),
        Some(S),
        Some(S),
        Some(S),
        Some(0),
        None,
        None,
        None,
    ];
    let others = [
        tenth,
        tenth,
        tenth,
        tenth,
        tenth,
        tenth,
        tenth,
        tenth + S / 100,
        tenth,
        tenth,
    ];
    let total: Vec<_> = burn
        .iter()
        .zip(others)
        .map(|(burn, other)| Some(burn.unwrap_or(0) + other))
        .collect();
    assert_eq!(seconds(&answer["total"]["mean"]), total);
    assert_eq!(answer["total"]["min"], answer["total"]["mean"]);
    assert_eq!(answer["total"]["max"], answer["total"]["mean"]);
    assert_eq!(answer["series"].as_array().unwrap().len(), 2);
    let first = &answer["series"][0];
    assert_eq!(
        (
            &first["process"],
            &first["pid"],
            &first["name"],
            &first["sum"]
        ),
        (
            &json!(process(2)),
            &json!(11),
            &json!("burn"),
            &json!(4 * S)
        )
    );
    assert_eq!(seconds(&first["mean"]), burn);
    let last = &answer["series"][1];
    assert_eq!(
        (&last["process"], &last["pid"], &last["name"], &last["sum"]),
        (
            &json!("others"),
            &json!(null),
            &json!("others"),
            &json!(S + S / 100)
        )
    );
    assert_eq!(seconds(&last["mean"]), others.map(Some));
    assert_eq!(answer["losses"][0]["at_ms"], (T0 + 4) * 1000);
}

#[tokio::test]
async fn every_resolution_tells_the_same_amount() {
    let site = site(&recording()).await;
    for resolution in ["auto", "s", "m", "h", "d"] {
        let answer = usage(&site, &format!("resolution={resolution}")).await;
        let sum: u64 = answer["series"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["sum"].as_u64().unwrap())
            .sum();
        assert_eq!(sum, 5 * S + S / 100, "{resolution}");
        // Means are over what was recorded: ten seconds, not the whole day.
        let amount: u64 = seconds(&answer["total"]["mean"])
            .iter()
            .zip(seconds(&answer["covered_ms"]))
            .map(|(rate, ms)| rate.unwrap() * ms.unwrap() / 1000)
            .sum();
        assert_eq!(amount, sum, "{resolution}");
        if resolution != "auto" {
            assert_eq!(answer["resolution"], resolution);
        }
    }
}

#[tokio::test]
async fn a_range_is_cut_at_its_buckets() {
    let site = site(&recording()).await;
    let answer = usage(
        &site,
        &format!("from={}&to={}", (T0 + 2) * 1000, (T0 + 4) * 1000),
    )
    .await;
    assert_eq!(
        seconds(&answer["times_ms"]),
        [Some((T0 + 2) * 1000), Some((T0 + 3) * 1000)]
    );
    assert_eq!(
        (&answer["series"][0]["sum"], &answer["series"][1]["sum"]),
        (&json!(2 * S), &json!(S / 5))
    );
    let end_of_time = u64::MAX / 1_000_000;
    for beyond in [
        format!("from={}", (T0 + 100) * 1000),
        format!("to={}", (T0 - 100) * 1000),
        format!("from={end_of_time}&resolution=d"),
    ] {
        let nothing = usage(&site, &beyond).await;
        assert_eq!(nothing["times_ms"], json!([]), "{beyond}");
        assert_eq!(nothing["series"], json!([]), "{beyond}");
    }
    let all_of_time = usage(&site, &format!("from=0&to={end_of_time}&points=10")).await;
    assert_eq!(all_of_time["series"][0]["sum"], 4 * S);
}

#[tokio::test]
async fn memory_counts_who_is_there() {
    let site = site(&recording()).await;
    let answer = usage(&site, "metric=memory").await;
    assert_eq!(answer["unit"], "bytes");
    let mib = |list: &Value| {
        seconds(list)
            .into_iter()
            .map(|bytes| bytes.map(|bytes| bytes / MIB))
            .collect::<Vec<_>>()
    };
    let sh = Some(10);
    let with_burn = Some(110);
    // `true` had 50 MiB for 20 of 1000 ms; at that moment there were 60.
    assert_eq!(
        mib(&answer["total"]["mean"]),
        [
            sh,
            sh,
            with_burn,
            with_burn,
            with_burn,
            with_burn,
            sh,
            Some(11),
            sh,
            sh
        ]
    );
    assert_eq!(
        mib(&answer["total"]["max"])[6..],
        [with_burn, Some(60), sh, sh]
    );
    assert_eq!(mib(&answer["total"]["min"])[6..], [sh; 4]);
    assert_eq!(answer["series"][0]["pid"], 11);
    assert_eq!(
        mib(&answer["series"][0]["mean"])[..7],
        [
            None,
            None,
            Some(100),
            Some(100),
            Some(100),
            Some(100),
            Some(0)
        ]
    );
}

#[tokio::test]
async fn block_io_is_told_both_ways() {
    let site = site(&recording()).await;
    let answer = usage(&site, "metric=block_io").await;
    assert_eq!(answer["unit"], "bytes_per_s");
    assert_eq!(seconds(&answer["total"]["read"]), [Some(4096); 10]);
    assert_eq!(seconds(&answer["total"]["write"]), [Some(0); 10]);
    assert_eq!(
        (&answer["series"][0]["pid"], &answer["series"][0]["sum"]),
        (&json!(10), &json!(40_960))
    );
    assert_eq!(
        answer["series"].as_array().unwrap().len(),
        1,
        "whose I/O is unknown has no curve"
    );
}

#[tokio::test]
async fn one_process_over_its_own_time() {
    let site = site(&recording()).await;
    let answer = usage(&site, &format!("process={}&metric=memory", process(2))).await;
    assert_eq!(
        (&answer["from_ms"], &answer["to_ms"]),
        (&json!((T0 + 2) * 1000), &json!((T0 + 7) * 1000))
    );
    assert_eq!(seconds(&answer["series"][0]["mean"]), [Some(100 * MIB); 5]);
    assert_eq!(answer["total"]["mean"], answer["series"][0]["mean"]);
}

#[tokio::test]
async fn a_second_without_samples_is_bridged_and_marked() {
    let mut batches = recording();
    // The recorder stood still from second 3 to 7.
    batches[0].samples.retain(|sample| {
        sample.process != process(1) || !(T0 + 3..T0 + 8).contains(&(sample.at_ns / S))
    });
    let site = site(&batches).await;
    let answer = usage(&site, &format!("process={}", process(1))).await;
    assert_eq!(seconds(&answer["total"]["mean"]), [Some(S / 10); 10]);
    assert_eq!(answer["losses"][0]["reason"], "samples_missed");
}

#[tokio::test]
async fn joined_steps_keep_the_extremes() {
    let mut batches = recording();
    for second in 10..60 {
        let metrics = Metrics::EMPTY.with(Metric::CpuNs, S + (second - 9) * S / 10);
        batches[0]
            .samples
            .push(sample(1, (T0 + second) * S + S / 2, metrics));
    }
    let site = site(&batches).await;
    let answer = usage(&site, "points=10&top=0").await;
    assert_eq!(
        (&answer["resolution"], &answer["step_ms"]),
        (&json!("s"), &json!(6000))
    );
    assert_eq!(
        seconds(&answer["total"]["mean"])[..3],
        [Some(766_666_667), Some(101_666_667), Some(S / 10)]
    );
    assert_eq!(
        seconds(&answer["total"]["min"])[..2],
        [Some(S / 10), Some(S / 10)]
    );
    assert_eq!(
        seconds(&answer["total"]["max"])[..2],
        [Some(S + S / 10), Some(S / 10 + S / 100)]
    );
    assert_eq!(answer["series"][0]["process"], "others");
}
