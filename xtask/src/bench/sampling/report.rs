//! How the figures of sampling are written down, and which goals they are held against. Pure.

use anyhow::{Context, Result};
use serde::Serialize;

use super::{Sampling, Window};
use crate::bench::Report;
use crate::bench::crowd::Mix;
use crate::bench::figures::{Line, fit};
use crate::bench::goal::{self, Goal};
use crate::bench::quantity::{count, mib, time};
use crate::bench::tool::TOOLS;

/// The number of processes at which the goals are stated.
const STATED_AT: u64 = 1_000;
/// At most, for each process.
const SLOPE_NS: f64 = 1_000.0;
/// At least, less than atop.
const TIMES_LESS: f64 = 50.0;
/// At most, resident.
const RSS_BYTES: f64 = 30.0 * 1_048_576.0;
/// The recorder's iterator program, as the kernel names it.
const WALK: &str = "walk_tasks";

/// A cost over the number of processes, by who has it.
#[derive(Serialize)]
struct Costs {
    of: String,
    line: Option<Line>,
}

/// All of it, as JSON.
#[derive(Serialize)]
struct Figures<'a> {
    #[serde(flatten)]
    measured: &'a Sampling,
    costs: &'a [Costs],
    goals: &'a [Goal],
}

impl Sampling {
    /// For people and for programs.
    pub(super) fn report(&self) -> Result<Report> {
        let costs = self.costs();
        let goals = self.goals();
        let name = match self.mix {
            Mix::Half => "sampling",
            Mix::Idle => "sampling-idle",
            Mix::Busy => "sampling-busy",
        };
        let json = serde_json::to_value(Figures {
            measured: self,
            costs: &costs,
            goals: &goals,
        });
        Ok(Report {
            name: name.to_owned(),
            markdown: self.markdown(&costs, &goals),
            json: json.context("writing JSON")?,
        })
    }

    fn costs(&self) -> Vec<Costs> {
        let line = |of: &str, figure: &dyn Fn(&Window) -> Option<f64>| {
            let points: Vec<(u64, f64)> = self
                .windows
                .iter()
                .filter_map(|window| Some((window.processes, figure(window)?)))
                .collect();
            Costs {
                of: of.to_owned(),
                line: fit(&points),
            }
        };
        let mut costs = vec![
            line("`bubble-chamber up`", &|window| Some(window.per_sample_ns)),
            line("of it, the walk's program in the kernel", &Window::walk_ns),
        ];
        for tool in TOOLS {
            costs.push(line(&format!("`{}`", tool.command_line()), &|window| {
                window.tool_ns(tool.name())
            }));
        }
        costs
    }

    fn goals(&self) -> Vec<Goal> {
        let stated = self
            .windows
            .iter()
            .find(|window| window.processes == STATED_AT);
        let at = count(STATED_AT);
        let slope_ns = self.costs()[0].line.map(|line| line.slope_ns);
        let times = stated.and_then(|window| Some(window.tool_ns("atop")? / window.per_sample_ns));
        let rss_bytes = stated.map(|window| window.memory.rss_bytes as f64);
        vec![
            Goal::new(
                "at most 1 µs of CPU for each process and sample",
                slope_ns,
                time,
                |ns| ns <= SLOPE_NS,
            ),
            Goal::new(
                format!("at {at} processes, at least 50 times less CPU than atop"),
                times,
                |times| format!("{times:.1} times"),
                |times| times >= TIMES_LESS,
            ),
            Goal::new(
                format!("at {at} processes, at most 30 MiB resident"),
                rss_bytes,
                |bytes| mib(bytes as u64),
                |bytes| bytes <= RSS_BYTES,
            ),
        ]
    }

    fn markdown(&self, costs: &[Costs], goals: &[Goal]) -> String {
        let mut text = format!(
            "{}\n\nOf the processes {}. Windows of {} s.\n\n",
            self.machine.in_words(),
            self.mix.in_words(),
            self.seconds
        );
        text += "| processes (of the machine) | CPU per sample | median second | costliest second | atop | pidstat | atop ÷ ours |\n";
        text += "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
        for window in &self.windows {
            text += &window.cpu_row();
        }
        text += "\n| CPU per sample | fixed | and for each process |\n| --- | ---: | ---: |\n";
        for Costs { of, line } in costs {
            let (fixed, slope) = line.map_or_else(
                || ("–".to_owned(), "–".to_owned()),
                |line| (time(line.fixed_ns), time(line.slope_ns)),
            );
            text += &format!("| {of} | {fixed} | {slope} |\n");
        }
        text += "\n| processes | resident | anonymous | files | shared | peak | kernel, for maps and programs |\n";
        text += "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
        for window in &self.windows {
            text += &window.memory_row();
        }
        let losses: u64 = self.windows.iter().map(|window| window.losses).sum();
        if losses > 0 {
            text += &format!("\n**{losses} losses were declared while this was measured.**\n");
        }
        format!("{text}\n{}", goal::table(goals))
    }
}

impl Window {
    fn tool_ns(&self, name: &str) -> Option<f64> {
        let taken = self.tools.iter().find(|taken| taken.name == name)?;
        Some(taken.per_sample_ns)
    }

    /// Run time of the walk's program, for each sample.
    fn walk_ns(&self) -> Option<f64> {
        let runs = self.programs.get(WALK)?;
        (self.counted_samples > 0).then(|| runs.time_ns as f64 / self.counted_samples as f64)
    }

    fn cpu_row(&self) -> String {
        let tool = |name| self.tool_ns(name).map_or("–".to_owned(), time);
        let times = self.tool_ns("atop").map_or("–".to_owned(), |atop_ns| {
            format!("{:.1}", atop_ns / self.per_sample_ns)
        });
        format!(
            "| {} ({}) | {} | {} | {} | {} | {} | {times} |\n",
            count(self.processes),
            count(self.machine_processes),
            time(self.per_sample_ns),
            time(self.seconds_ns.median),
            time(self.seconds_ns.max),
            tool("atop"),
            tool("pidstat"),
        )
    }

    fn memory_row(&self) -> String {
        let memory = &self.memory;
        let columns = [
            memory.rss_bytes,
            memory.anonymous_bytes,
            memory.file_bytes,
            memory.shared_bytes,
            memory.peak_rss_bytes,
            memory.kernel_bytes,
        ]
        .map(mib);
        format!("| {} | {} |\n", count(self.processes), columns.join(" | "))
    }
}
