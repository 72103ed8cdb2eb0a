//! Fifty kills at random moments. This process is the ledger: it notes what the writer says is committed, and holds the store to it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use rand::Rng;
use serde_json::Value;

use crate::database::{assert_sound, dumped};
use crate::disk::Disk;
use crate::harness::process::Process;
use crate::harness::program::required;
use crate::harness::wait::let_pass;

const KILLS: u32 = 50;
/// What each writer that is hit while it writes has told before.
const LEAST_TOLD: u32 = 10;
const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// What was told, by process and second: CPU since the process began, RSS.
#[derive(Default)]
struct Ledger {
    samples: BTreeMap<(String, u64), (u64, u64)>,
    next: u64,
    pruned_before_s: u64,
}

impl Ledger {
    fn note(&mut self, line: &Value) {
        if let Some(before_s) = line["pruning"].as_u64() {
            self.pruned_before_s = before_s;
            return;
        }
        for sample in line["samples"].as_array().expect("samples are told") {
            let number = |key: &str| sample[key].as_u64().expect("a number");
            let process = sample["process"].as_str().expect("an id").to_owned();
            self.samples.insert(
                (process, number("second")),
                (number("cpu_ns"), number("rss_bytes")),
            );
        }
        self.next = line["second"].as_u64().expect("a second") + 1;
    }

    /// Every second that was told is there, and equal; so is every process's total.
    fn assert_kept(&self, data: &Path, when: &str) {
        let usage = dumped(
            data,
            &["--container", "kept", "--resolution", "s", "--from", "0"],
        );
        let mut stored: BTreeMap<(String, u64), (u64, u64)> = BTreeMap::new();
        for line in &usage {
            let number = |key: &str| line[key].as_u64().expect("a number");
            let key = (
                line["process"].as_str().expect("an id").to_owned(),
                number("bucket_ns") / 1_000_000_000,
            );
            let known = stored.insert(key, (number("cpu_ns"), number("rss_bytes")));
            assert_eq!(known, None, "{when}: a second is told twice: {line}");
        }
        // Usage adds up to totals from the first second that is kept on.
        let mut before: Option<(&str, u64, u64)> = None;
        for ((process, second), (cpu_ns, rss_bytes)) in &self.samples {
            if *second < self.pruned_before_s {
                continue;
            }
            let of_it = (process.clone(), *second);
            let (_, rss) = stored.get(&of_it).unwrap_or_else(|| {
                panic!("{when}: second {second} of {process} was committed and is not there")
            });
            assert_eq!(rss, rss_bytes, "{when}: {process} in second {second}");
            if let Some((_, since, total)) = before.filter(|(last, _, _)| last == process) {
                let span = (process.clone(), since + 1)..=of_it;
                let used: u64 = stored.range(span).map(|(_, (cpu_ns, _))| cpu_ns).sum();
                assert_eq!(
                    total + used,
                    *cpu_ns,
                    "{when}: {process} up to second {second}"
                );
            }
            before = Some((process, *second, *cpu_ns));
        }
        self.assert_totals(data, when);
    }

    fn assert_totals(&self, data: &Path, when: &str) {
        let processes = dumped(data, &["--container", "kept", "--what", "processes"]);
        let stored: BTreeMap<&str, &Value> = processes
            .iter()
            .map(|process| (process["process"].as_str().expect("an id"), process))
            .collect();
        let mut last: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for ((process, second), (cpu_ns, _)) in &self.samples {
            last.insert(process, (*second, *cpu_ns));
        }
        for (process, (second, cpu_ns)) in last {
            let found = stored
                .get(process)
                .unwrap_or_else(|| panic!("{when}: {process} was committed and is not there"));
            let found_second = found["last_sample_ns"].as_u64().expect("a time") / 1_000_000_000;
            let found_cpu_ns = found["cpu_ns"].as_u64().expect("CPU is known");
            // What was committed last may not have been told any more.
            assert!(
                (found_second, found_cpu_ns) == (second, cpu_ns)
                    || (found_second > second && found_cpu_ns >= cpu_ns),
                "{when}: {process}: told {cpu_ns} ns up to {second}, found {found_cpu_ns} up to {found_second}"
            );
        }
    }
}

#[test]
fn what_was_committed_outlives_fifty_kills() {
    let disk = Disk::new();
    let data = disk.path();
    let database = data.join("bubble-chamber.db");
    let writer = required("BC_WRITER", "the program that is killed while it writes");
    let mut ledger = Ledger::default();
    for kill in 1..=KILLS {
        let mut command = Command::new(&writer);
        command.arg(&database).arg(ledger.next.to_string());
        let writer = Process::start(&mut command);
        // Most are hit while they write, some while they open what the one before left.
        let awaited = match kill % 5 {
            0 => 0,
            _ => rand::rng().random_range(LEAST_TOLD..80),
        };
        for _ in 0..awaited {
            let line = writer.line(STARTS_WITHIN);
            ledger.note(&serde_json::from_str(&line).expect("a line is a JSON object"));
        }
        let_pass(Duration::from_micros(rand::rng().random_range(0..200_000)));
        writer.signal(Signal::SIGKILL);
        let ended = writer.finish(STARTS_WITHIN);
        assert_eq!(ended.code(), 137, "it was to be killed: {}", ended.stderr);
        for line in &ended.stdout {
            // The last one may be cut: then it was not told.
            if let Ok(line) = serde_json::from_str(line) {
                ledger.note(&line);
            }
        }
        if ledger.next == 0 {
            continue;
        }
        let when = format!("after kill {kill}, {} seconds told", ledger.next);
        assert_sound(data.as_path());
        ledger.assert_kept(&data, &when);
    }
    println!(
        "{KILLS} kills, {} seconds and {} samples told",
        ledger.next,
        ledger.samples.len()
    );
    // Seconds, less what was told of removing.
    assert!(ledger.next >= u64::from(KILLS / 5 * 4 * (LEAST_TOLD - 1)));
    drop(disk.unmount());
}
