//! How the figures of a load's sides are written down, and which goal they are held against. Pure.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde::Serialize;

use super::{Round, Sides, Turn};
use crate::bench::Report;
use crate::bench::figures::{Spread, spread};
use crate::bench::goal::{self, Goal};
use crate::bench::quantity::{change, count, time};
use crate::bench::recorder::{Losses, add_losses, losses_in_words};

/// At most, of the time without a recorder.
const SLOWER: f64 = 1.03;

/// All of it, as JSON.
#[derive(Serialize)]
struct Figures<'a> {
    #[serde(flatten)]
    measured: &'a Sides,
    slower: Option<Spread>,
    goals: &'a [Goal],
}

impl Turn {
    fn cpu_ns(&self) -> u64 {
        self.self_cpu_ns + self.children_cpu_ns
    }
}

impl Sides {
    /// For people and for programs.
    pub(super) fn report(&self) -> Result<Report> {
        let goals = self.goals();
        let figures = Figures {
            measured: self,
            slower: self.slower(|round| round.on, |turn| turn.elapsed_ns),
            goals: &goals,
        };
        Ok(Report {
            name: self.name.to_owned(),
            markdown: self.markdown(&goals),
            json: serde_json::to_value(figures).context("writing JSON")?,
        })
    }

    /// For one piece, over all rounds.
    fn each(&self, side: impl Fn(&Round) -> Turn, figure: impl Fn(&Turn) -> u64) -> Option<Spread> {
        let values = self.rounds.iter().map(|round| figure(&side(round)));
        spread(values.map(|ns| ns as f64 / self.pieces as f64))
    }

    /// A side against none: the ratio of the medians, and the least and the greatest of the rounds' own ratios.
    fn slower(
        &self,
        side: impl Fn(&Round) -> Turn,
        figure: impl Fn(&Turn) -> u64,
    ) -> Option<Spread> {
        let ratios = self
            .rounds
            .iter()
            .map(|round| figure(&side(round)) as f64 / figure(&round.off) as f64);
        let of_rounds = spread(ratios)?;
        let median =
            self.each(&side, &figure)?.median / self.each(|round| round.off, &figure)?.median;
        Some(Spread {
            median,
            ..of_rounds
        })
    }

    fn goals(&self) -> Vec<Goal> {
        let slower = self.slower(|round| round.on, |turn| turn.elapsed_ns);
        vec![Goal::new(
            format!(
                "{} {} at most 3 % slower when recorded",
                count(self.pieces),
                self.piece[1]
            ),
            slower.map(|spread| spread.median),
            |ratio| slower.map_or_else(|| change(ratio), |spread| written(spread, change)),
            |ratio| ratio <= SLOWER,
        )]
    }

    fn markdown(&self, goals: &[Goal]) -> String {
        let mut text = format!(
            "{}\n\n{}; {} rounds.\n\n| for one {}: median (least–most) | by the clock | against none | CPU | against none |\n",
            self.machine.in_words(),
            self.does,
            self.rounds.len(),
            self.piece[0]
        );
        text += "| --- | ---: | ---: | ---: | ---: |\n";
        text += &self.row("no recorder", None);
        if self.rounds.iter().all(|round| round.empty.is_some()) {
            text += &self.row(
                "no recorder, an empty program at the hook",
                Some(|round| round.empty.unwrap_or(round.off)),
            );
        }
        text += &self.row(
            "a recorder that does not watch it",
            Some(|round| round.beside),
        );
        text += &self.row("recorded", Some(|round| round.on));
        if let Some(own) = spread(self.rounds.iter().map(|round| round.recorder_ns as f64)) {
            let own_ns = own.median / self.pieces as f64;
            let _ = write!(
                text,
                "\nMeanwhile the recorder's own process used {} of CPU for each recorded {}, storing included.\n",
                time(own_ns),
                self.piece[0]
            );
        }
        let mut losses = Losses::new();
        for round in &self.rounds {
            add_losses(&mut losses, &round.losses);
        }
        text += &losses_in_words(&losses);
        format!("{text}\n{}\n{}", self.programs_table(), goal::table(goals))
    }

    fn row(&self, what: &str, side: Option<fn(&Round) -> Turn>) -> String {
        let mut row = format!("| {what} |");
        for figure in [(|turn| turn.elapsed_ns) as fn(&Turn) -> u64, Turn::cpu_ns] {
            let each = self.each(side.unwrap_or(|round| round.off), figure);
            let against = side.and_then(|side| self.slower(side, figure));
            row += &format!(
                " {} | {} |",
                each.map_or("–".to_owned(), |each| written(each, time)),
                against.map_or("–".to_owned(), |ratio| written(ratio, change))
            );
        }
        row + "\n"
    }

    /// What the kernel programs took of it, from the kernel's own count.
    fn programs_table(&self) -> String {
        let mut text = format!(
            "| program in the kernel | runs for each {0} | each | for each {0} |\n",
            self.piece[0]
        );
        text += "| --- | ---: | ---: | ---: |\n";
        let times = self.pieces as f64;
        let mut all_ns = 0;
        for (name, runs) in &self.programs {
            all_ns += runs.time_ns;
            text += &format!(
                "| `{name}` | {:.2} | {} | {} |\n",
                runs.count as f64 / times,
                time(runs.time_ns as f64 / runs.count as f64),
                time(runs.time_ns as f64 / times)
            );
        }
        text + &format!("| all of them | | | {} |\n", time(all_ns as f64 / times))
    }
}

fn written(spread: Spread, figure: impl Fn(f64) -> String) -> String {
    format!(
        "{} ({}–{})",
        figure(spread.median),
        figure(spread.min),
        figure(spread.max)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_compared_and_rounds_show_the_spread() {
        let turn = |elapsed_ns| Turn {
            elapsed_ns,
            self_cpu_ns: 1,
            children_cpu_ns: 1,
        };
        let round = |off, on| Round {
            off: turn(off),
            empty: None,
            beside: turn(off),
            on: turn(on),
            recorder_ns: 0,
            losses: Losses::new(),
        };
        let sides = Sides {
            machine: crate::bench::machine::Machine::of_now(&[]),
            name: "exec",
            does: "10 × `/bin/true`".into(),
            piece: ["execution", "executions"],
            pieces: 10,
            rounds: vec![
                round(1_000, 1_040),
                round(1_000, 1_010),
                round(2_000, 1_020),
            ],
            programs: Default::default(),
        };
        let slower = sides
            .slower(|round| round.on, |turn| turn.elapsed_ns)
            .expect("three rounds");
        assert_eq!((slower.median, slower.min, slower.max), (1.02, 0.51, 1.04));
        let each = sides
            .each(|round| round.off, |turn| turn.elapsed_ns)
            .expect("three rounds");
        assert_eq!((each.median, each.min, each.max), (100.0, 100.0, 200.0));
        let goals = goal::table(&sides.goals());
        assert!(
            goals.contains("| +2.0 % (-49.0 %–+4.0 %) | met |"),
            "{goals}"
        );
    }
}
