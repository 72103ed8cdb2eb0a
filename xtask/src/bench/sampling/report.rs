//! How the figures of sampling are written down, and which goals they are held against. Pure.

use anyhow::{Context, Result};
use serde::Serialize;

use super::{Sampling, Window};
use crate::bench::Report;
use crate::bench::crowd::Mix;
use crate::bench::figures::{Line, fit};
use crate::bench::goal::{self, Goal};
use crate::bench::quantity::{count, mib, time};
use crate::bench::recorder::{Losses, add_losses, losses_in_words};
use crate::bench::tool::TOOLS;

/// The number of processes at which the goals are stated.
const STATED_AT: u64 = 1_000;
/// At most, for each process.
const SLOPE_NS: f64 = 1_000.0;
/// At least, less than atop.
const TIMES_LESS: f64 = 50.0;
/// At most, resident.
const RSS_BYTES: f64 = 30.0 * 1_048_576.0;
/// The recorder's programs that walk, each of them alone, as the kernel names them.
const WALKS: [&str; 2] = ["walk_tasks", "sweep_tasks"];

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
        let mut losses = Losses::new();
        for window in &self.windows {
            add_losses(&mut losses, &window.losses);
        }
        text += &losses_in_words(&losses);
        format!("{text}\n{}", goal::table(goals))
    }
}

impl Window {
    fn tool_ns(&self, name: &str) -> Option<f64> {
        let taken = self.tools.iter().find(|taken| taken.name == name)?;
        Some(taken.per_sample_ns)
    }

    /// Run time of the walk's programs, for each sample.
    fn walk_ns(&self) -> Option<f64> {
        let runs = WALKS.iter().filter_map(|walk| self.programs.get(*walk));
        let time_ns = runs.map(|runs| runs.time_ns).reduce(|a, b| a + b)?;
        (self.counted_samples > 0).then(|| time_ns as f64 / self.counted_samples as f64)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figures::Spread;
    use crate::bench::machine::Machine;
    use crate::bench::programs::Runs;
    use crate::bench::recorder::Memory;
    use crate::bench::tool::Taken;

    /// Costs that lie on a line, so that it is known what must come out.
    fn window(processes: u64, fixed_ns: f64, slope_ns: f64, rss_mib: u64) -> Window {
        let per_sample_ns = fixed_ns + slope_ns * processes as f64;
        let tool = |name, slope_ns: f64| Taken {
            name,
            samples: 20,
            per_sample_ns: slope_ns * processes as f64,
        };
        Window {
            processes,
            machine_processes: processes + 80,
            samples: 60,
            per_sample_ns,
            seconds_ns: Spread {
                median: per_sample_ns,
                min: per_sample_ns,
                max: 2.0 * per_sample_ns,
            },
            tools: vec![tool("atop", 50_000.0), tool("pidstat", 40_000.0)],
            memory: Memory {
                rss_bytes: rss_mib << 20,
                peak_rss_bytes: rss_mib << 20,
                anonymous_bytes: 0,
                file_bytes: 0,
                shared_bytes: 0,
                kernel_bytes: 0,
            },
            losses: Losses::new(),
            programs: [(
                WALKS[0].to_owned(),
                Runs {
                    count: 3 * processes,
                    time_ns: 3 * 200 * processes,
                },
            )]
            .into(),
            counted_samples: 3,
        }
    }

    fn sampling(fixed_ns: f64, slope_ns: f64, rss_mib: u64) -> Sampling {
        Sampling {
            machine: Machine::of_now(&[]),
            mix: Mix::Half,
            seconds: 60,
            windows: [0, 1_000, 5_000]
                .map(|processes| window(processes, fixed_ns, slope_ns, rss_mib))
                .into(),
        }
    }

    #[test]
    fn costs_are_lines_through_the_windows() {
        let costs = sampling(300_000.0, 700.0, 20).costs();
        let lines: Vec<(i64, i64)> = costs
            .iter()
            .filter_map(|costs| costs.line)
            .map(|line| (line.fixed_ns.round() as i64, line.slope_ns.round() as i64))
            .collect();
        assert_eq!(lines, [(300_000, 700), (0, 200), (0, 50_000), (0, 40_000)]);
    }

    #[test]
    fn goals_are_held_against_what_was_measured() {
        let verdicts = |sampling: Sampling| goal::table(&sampling.goals());
        let good = verdicts(sampling(200_000.0, 700.0, 30));
        assert_eq!(good.matches("| met |").count(), 3, "{good}");
        assert!(
            good.contains("| 55.6 times |") && good.contains("| 30.0 MiB |"),
            "{good}"
        );
        let bad = verdicts(sampling(200_000.0, 1_100.0, 31));
        assert_eq!(bad.matches("| **missed** |").count(), 3, "{bad}");
    }

    #[test]
    fn a_report_has_a_row_for_each_size() {
        let report = sampling(200_000.0, 700.0, 30)
            .report()
            .expect("it can be written");
        assert!(
            report.markdown.contains(
                "| 1,000 (1,080) | 900 µs | 900 µs | 1.80 ms | 50.0 ms | 40.0 ms | 55.6 |"
            ),
            "{}",
            report.markdown
        );
        assert_eq!(report.json["windows"][2]["processes"], 5_000);
        assert_eq!(report.json["goals"][0]["met"], true);
    }
}
