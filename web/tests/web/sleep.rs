//! A process that sleeps is sampled once a minute, and is told of in every second all the same.

use bc_schema::{Batch, ContainerKind, Metric, Metrics, Sample};

use crate::recording::{FULL, MIB, S, T0, container, life, sample, start};
use crate::site::site;

/// Two processes that sleep but for one second each; the container was last seen 130 seconds after it began.
fn asleep() -> Batch {
    let life = life(FULL, T0);
    let levels = |cpu_ns: u64, mib: u64| {
        Metrics::EMPTY
            .with(Metric::CpuNs, cpu_ns)
            .with(Metric::VmBytes, 2 * mib * MIB)
            .with(Metric::RssBytes, mib * MIB)
    };
    let at = |number: u8, second: u64, metrics: Metrics, held: u64| Sample {
        held_ns: held * (T0 + second - 1) * S,
        ..sample(number, (T0 + second) * S, metrics)
    };
    Batch {
        containers: vec![container(&life, ContainerKind::Docker, None)],
        starts: (1..=2)
            .map(|number| start(&life, number, 9 + u32::from(number), None, T0 * S))
            .collect(),
        samples: vec![
            at(1, 1, levels(S / 10, 10), 0),
            at(2, 1, levels(S / 10, 5), 0),
            at(2, 40, levels(S / 10, 5), 1),
            at(1, 61, levels(S / 10, 10), 1),
            at(1, 80, levels(S, 20), 1),
            at(2, 100, levels(S / 10, 5), 1),
            at(1, 121, levels(S, 20), 1),
        ],
        seen: vec![(life, (T0 + 130) * S)],
        ..Batch::default()
    }
}

#[tokio::test]
async fn the_seed_routes_tell_of_every_second() {
    let site = site(&[asleep()]).await;
    let memory = site
        .json(&format!("/container/{FULL}/mem?interval=s"))
        .await;
    for (pid, kb) in [("10", 20_480), ("11", 10_240)] {
        let rows = memory[pid].as_array().unwrap();
        let times: Vec<u64> = rows.iter().map(|row| row["ts"].as_u64().unwrap()).collect();
        assert_eq!(times, (T0 + 1..=T0 + 130).collect::<Vec<_>>(), "{pid}");
        assert_eq!(rows[70]["vm_size"], kb, "{pid}");
    }
    let cpu = site.json(&format!("/container/{FULL}/cpu/10")).await;
    let used: Vec<(u64, u64)> = cpu["10"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["ts"].as_u64().unwrap(),
                row["duration"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(used.len(), 130);
    let some: Vec<_> = used.into_iter().filter(|(_, used)| *used > 0).collect();
    assert_eq!(some, [(T0 + 1, S / 10), (T0 + 80, S * 9 / 10)]);
}

#[tokio::test]
async fn a_chart_is_flat_where_processes_sleep() {
    let site = site(&[asleep()]).await;
    let ask = async |metric: &str| {
        // From the middle of a minute, in which nobody woke, to the last record.
        let (from, to) = ((T0 + 85) * 1000, (T0 + 131) * 1000);
        let path = format!(
            "/api/v1/containers/{FULL}/usage?metric={metric}&resolution=s&from={from}&to={to}"
        );
        site.json(&path).await["total"]["mean"].clone()
    };
    let memory = ask("memory").await;
    assert_eq!(memory.as_array().unwrap().len(), 46);
    for mean in memory.as_array().unwrap() {
        assert_eq!(*mean, 25 * MIB);
    }
    for mean in ask("cpu").await.as_array().unwrap() {
        assert_eq!(*mean, 0);
    }
}
