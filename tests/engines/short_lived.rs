//! Two hundred containers that are over before anyone could look: what is known of them, the kernel programs kept.

use std::time::{SystemTime, UNIX_EPOCH};

use nix::sys::signal::Signal;

use crate::engine::{ORACLES, docker, image, name as unique, named, of_oracle, oracles_mount, up};
use crate::harness::process::Process;
use crate::harness::program::turn;
use crate::harness::up::{Data, RUNS_WITHIN};
use crate::harness::wait;

const CONTAINERS: usize = 200;
/// The recorder stands still while so many are created, run and removed.
const AT_ONCE: usize = 10;
/// So many clients at a time.
const ABREAST: usize = 4;

fn now_ms() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is set")
        .as_secs_f64()
        * 1e3
}

/// Runs the containers of one standstill, a few at a time. Each lives 50 ms, and is removed before the recorder goes on.
fn run_all(names: &[String]) {
    let (mount, image, storm) = (oracles_mount(), image(), format!("{ORACLES}/storm"));
    for few in names.chunks(ABREAST) {
        let started = few.iter().map(|name| {
            let args = [
                "run",
                "--rm",
                "--name",
                name,
                "--network",
                "none",
                "-v",
                &mount,
                &image,
                &storm,
                "2",
                "mix",
                "50",
            ];
            Process::start(&mut docker(&args))
        });
        for container in started.collect::<Vec<_>>() {
            container.finish(RUNS_WITHIN).success();
        }
    }
}

#[test]
fn two_hundred_containers_that_nobody_could_look_at_are_all_there() {
    let _turn = turn();
    let data = Data::new();
    let up = up(&data);
    let names: Vec<String> = (0..CONTAINERS)
        .map(|nth| unique(&format!("short-{nth:03}")))
        .collect();
    let mut standstills = Vec::new();
    for (round, few) in names.chunks(AT_ONCE).enumerate() {
        up.signal(Signal::SIGSTOP);
        let stopped_ms = now_ms();
        run_all(few);
        standstills.push(stopped_ms..now_ms());
        up.signal(Signal::SIGCONT);
        let expected = (round + 1) * AT_ONCE;
        // Until they are known, so that each round meets a recorder that is up to date when it is stopped.
        wait::until("the containers of a standstill", RUNS_WITHIN, || {
            match up.api.containers("q=bc-short-&state=past").len() {
                known if known == expected => Ok(()),
                known => Err(format!("{known} of {expected} are known and past")),
            }
        });
    }

    for (nth, name) in names.iter().enumerate() {
        let container = named(&up.api, name).unwrap_or_else(|missing| panic!("{missing}"));
        assert_eq!(
            (container.kind.as_str(), container.open_processes),
            ("docker", 0),
            "{container:?}"
        );
        assert_eq!(
            container
                .image
                .as_deref()
                .map(|i| i.trim_end_matches(":latest")),
            Some(image().as_str()),
            "{container:?}"
        );
        let processes = up.api.processes(&container.id);
        let rows = of_oracle(&processes, "storm");
        let root = rows
            .iter()
            .find(|row| row.container_pid == Some(1))
            .unwrap_or_else(|| panic!("{name} has no root: {processes:?}"));
        let own = vec![
            format!("{ORACLES}/storm"),
            "2".into(),
            "mix".into(),
            "50".into(),
        ];
        assert_eq!(root.args.as_ref(), Some(&own), "{root:?}");
        let mut seen: Vec<_> = rows
            .iter()
            .map(|row| {
                (
                    row.args.clone().unwrap_or_default(),
                    row.inherited,
                    row.exit_code,
                )
            })
            .collect();
        seen.sort();
        let child = ["storm-child", "1", "1"].map(String::from).to_vec();
        assert_eq!(
            seen,
            [
                (own.clone(), false, Some(0)),
                (own, true, Some(0)),
                (child, false, Some(1))
            ],
            "every process of {name}"
        );
        // It began and ended while the recorder stood still: nothing of it can have been read from /proc.
        let standstill = &standstills[nth / AT_ONCE];
        for row in &rows {
            let end_ms = row.end_ms.unwrap_or_else(|| panic!("no end: {row:?}"));
            assert!(
                standstill.contains(&row.start_ms) && standstill.contains(&end_ms),
                "{row:?} is not within {standstill:?}"
            );
            assert!(row.total("cpu_ns") > 0 && !row.end_unseen, "{row:?}");
        }
        let lost: Vec<_> = up
            .api
            .losses(&container.id)
            .into_iter()
            .filter(|loss| loss.reason != "samples_missed")
            .collect();
        assert!(lost.is_empty(), "{name}: {lost:?}");
    }
    assert_eq!(up.api.containers("q=bc-short-").len(), CONTAINERS);
    up.stop();
}
