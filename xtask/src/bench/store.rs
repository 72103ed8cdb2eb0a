//! `bench store`: bytes on disk, time to write, and how long an hour's page takes. The measuring is done by programs beside what they
//! measure (`schema/store/benches`, `web/benches`); this builds and runs them, and holds what they print against the goals.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::Report;
use super::goal::{self, Goal};
use super::machine::Machine;
use super::quantity;
use crate::{step, tree};

/// At most so many bytes for each process and second: of the busy mix, and of processes that sleep.
const BUSY_BYTES: f64 = 7.0;
const ASLEEP_BYTES: f64 = 2.0;
/// At least so many processes and seconds written in a second of CPU.
const WRITTEN: f64 = 300_000.0;
/// At most, for an hour's page and for the ten with the most CPU.
const PAGE_NS: f64 = 20e6;
const TOP_NS: f64 = 5e6;

/// An hour that was written, in one of the layouts.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    mix: String,
    layout: String,
    processes: u64,
    process_seconds: u64,
    samples: u64,
    bytes: u64,
    took_ns: u64,
    cpu_ns: u64,
    costliest_write_ns: u64,
    median_seal_ns: u64,
}

/// Something that was asked again and again.
#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    what: String,
    median_ns: u64,
    p99_ns: u64,
    worst_ns: u64,
}

/// Everything that was measured.
#[derive(Serialize)]
struct Store {
    machine: Machine,
    written: Vec<Written>,
    asked: Vec<Asked>,
}

/// Measures.
///
/// # Errors
/// What kept it from measuring.
pub(super) fn run() -> Result<Report> {
    let store = Store {
        machine: Machine::of_now(&[]),
        written: printed("bc-store", "store")?,
        asked: printed("bc-web", "page")?,
    };
    Ok(Report {
        name: "store".to_owned(),
        markdown: store.markdown(),
        json: serde_json::to_value(&store).context("writing JSON")?,
    })
}

/// What a measuring program of a package prints.
fn printed<T: for<'a> Deserialize<'a>>(package: &str, bench: &str) -> Result<T> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["bench", "-p", package, "--bench", bench, "--"])
        .arg(tree::target());
    let heard = step::listen(&format!("bench {bench}"), &mut cargo)?;
    if !heard.succeeded {
        bail!("the measurement `{bench}` of {package} failed; it said why above");
    }
    let json = heard.stdout.lines().find(|line| line.starts_with('['));
    let json = json.with_context(|| format!("`{bench}` of {package} printed no figures"))?;
    serde_json::from_str(json).with_context(|| format!("reading what `{bench}` printed"))
}

impl Written {
    fn bytes_each(&self) -> f64 {
        self.bytes as f64 / self.process_seconds as f64
    }

    fn in_a_second_of(&self, ns: u64) -> f64 {
        self.process_seconds as f64 * 1e9 / ns.max(1) as f64
    }
}

impl Store {
    fn ours(&self, mix: &str) -> Option<&Written> {
        let ours = |written: &&Written| written.mix == mix && written.layout == "ours";
        self.written.iter().find(ours)
    }

    fn p99_ns(&self, of: &str) -> Option<f64> {
        let named = self
            .asked
            .iter()
            .filter(|asked| asked.what.starts_with(of))
            .map(|asked| asked.p99_ns);
        named.max().map(|ns| ns as f64)
    }

    fn goals(&self) -> Vec<Goal> {
        let bytes = |figure: f64| format!("{figure:.2}");
        let thousands = |figure: f64| format!("{:.0},000", figure / 1e3);
        let of = |mix: &str, figure: fn(&Written) -> f64| self.ours(mix).map(figure);
        vec![
            Goal::new(
                "busy mix: at most 7 bytes for each process and second",
                of("busy", Written::bytes_each),
                bytes,
                |figure| figure <= BUSY_BYTES,
            ),
            Goal::new(
                "1,000 asleep: at most 2 bytes for each process and second",
                of("asleep", Written::bytes_each),
                bytes,
                |figure| figure <= ASLEEP_BYTES,
            ),
            Goal::new(
                "at least 300,000 processes and seconds written for each second of CPU, with `fsync` each second",
                of("busy_1000", |written| {
                    written.in_a_second_of(written.cpu_ns)
                }),
                thousands,
                |figure| figure >= WRITTEN,
            ),
            Goal::new(
                "an hour's page of 200 processes, p99: at most 20 ms",
                self.p99_ns("page"),
                quantity::time,
                |figure| figure <= PAGE_NS,
            ),
            Goal::new(
                "the ten of them with the most CPU, p99: at most 5 ms",
                self.p99_ns("store, the ten with the most CPU"),
                quantity::time,
                |figure| figure <= TOP_NS,
            ),
        ]
    }

    fn markdown(&self) -> String {
        let mut text = format!("{}\n\n", self.machine.in_words());
        text += "| an hour of | layout | samples | bytes on disk | for each process and second | written in a second | and in a second of CPU | a minute's last write |\n";
        text += "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n";
        for written in &self.written {
            text += &format!(
                "| {} processes, {} | {} | {} | {} | {:.2} | {:.0} k | {:.0} k | {} |\n",
                written.processes,
                if written.mix == "asleep" {
                    "asleep"
                } else {
                    "busy"
                },
                if written.layout == "ours" {
                    "ours"
                } else {
                    "a row for each sample"
                },
                written.samples,
                written.bytes,
                written.bytes_each(),
                written.in_a_second_of(written.took_ns) / 1e3,
                written.in_a_second_of(written.cpu_ns) / 1e3,
                quantity::time(written.median_seal_ns as f64),
            );
        }
        text +=
            "\n| 200 processes, one hour | median | p99 | worst |\n| --- | ---: | ---: | ---: |\n";
        for asked in &self.asked {
            text += &format!(
                "| {} | {} | {} | {} |\n",
                asked.what,
                quantity::time(asked.median_ns as f64),
                quantity::time(asked.p99_ns as f64),
                quantity::time(asked.worst_ns as f64),
            );
        }
        text + "\n" + &goal::table(&self.goals())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_rates_are_for_each_process_and_second() {
        let written = Written {
            mix: "busy".into(),
            layout: "ours".into(),
            processes: 10,
            process_seconds: 36_000,
            samples: 20_000,
            bytes: 180_000,
            took_ns: 2_000_000_000,
            cpu_ns: 100_000_000,
            costliest_write_ns: 1,
            median_seal_ns: 1,
        };
        assert_eq!(written.bytes_each(), 5.0);
        assert_eq!(written.in_a_second_of(written.took_ns), 18_000.0);
        assert_eq!(written.in_a_second_of(written.cpu_ns), 360_000.0);
    }
}
