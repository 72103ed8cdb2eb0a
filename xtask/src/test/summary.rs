//! The verdict: one line per kind, what failed by name, then the sum. Pure; decides what counts as a failure.

use std::fmt::Write;

use super::kind::Kind;
use super::tally::Tally;

/// How a kind came out.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Which.
    pub(crate) kind: Kind,
    /// What its runners counted.
    pub(crate) tally: Tally,
    /// What went wrong beside failed tests: it did not build, an engine did not start, a check did not hold.
    pub(crate) problem: Option<String>,
    /// How long it took.
    pub(crate) seconds: u64,
}

impl Outcome {
    /// What is wrong with it, if anything.
    fn complaint(&self) -> Option<String> {
        if let Some(problem) = &self.problem {
            Some(problem.clone())
        } else if self.tally.failed > 0 {
            Some(format!("{} failed", self.tally.failed))
        } else if self.tally.left_out > 0 {
            Some(format!(
                "{} marked as ignored or skipped: a test runs or it goes",
                self.tally.left_out
            ))
        } else if self.kind.counts_tests() && self.tally.passed == 0 {
            Some("not one test ran".to_owned())
        } else {
            None
        }
    }

    /// A kind that went wrong without naming a failed test counts as one.
    fn failed(&self) -> u64 {
        match self.complaint() {
            Some(_) => self.tally.failed.max(1),
            None => 0,
        }
    }
}

/// The whole run: what ran and what was left out by wish.
pub(crate) struct Summary {
    /// In the order in which they ran.
    pub(crate) outcomes: Vec<Outcome>,
    /// Named in `BC_SKIP`.
    pub(crate) skipped: Vec<Kind>,
}

impl Summary {
    /// Everything that ran holds.
    pub(crate) fn holds(&self) -> bool {
        !self.outcomes.is_empty()
            && self
                .outcomes
                .iter()
                .all(|outcome| outcome.complaint().is_none())
    }

    /// The table, what failed and why, and as the last line the sum.
    pub(crate) fn render(&self) -> String {
        let mut text = format!(
            "\n{:<10} {:>7} {:>7} {:>8}\n",
            "kind", "passed", "failed", "seconds"
        );
        for outcome in &self.outcomes {
            let passed = if outcome.kind.counts_tests() {
                outcome.tally.passed.to_string()
            } else {
                "-".to_owned()
            };
            let verdict = outcome.complaint().unwrap_or_else(|| "ok".to_owned());
            let first_line = verdict.lines().next().unwrap_or_default();
            let (name, failed, seconds) = (outcome.kind.name(), outcome.failed(), outcome.seconds);
            let _ = writeln!(
                text,
                "{name:<10} {passed:>7} {failed:>7} {seconds:>8}  {first_line}"
            );
        }
        for kind in &self.skipped {
            let _ = writeln!(
                text,
                "{:<10} NOT RUN: BC_SKIP names it. This run does not show that all holds.",
                kind.name()
            );
        }
        for outcome in &self.outcomes {
            for failure in &outcome.tally.failures {
                let _ = write!(text, "\nFAILED {} {failure}", outcome.kind.name());
            }
        }
        if self
            .outcomes
            .iter()
            .any(|outcome| !outcome.tally.failures.is_empty())
        {
            text.push('\n');
        }
        let passed: u64 = self
            .outcomes
            .iter()
            .map(|outcome| outcome.tally.passed)
            .sum();
        let failed: u64 = self.outcomes.iter().map(Outcome::failed).sum();
        let _ = write!(text, "\n{passed} passed, {failed} failed");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(
        kind: Kind,
        passed: u64,
        failed: u64,
        left_out: u64,
        problem: Option<&str>,
    ) -> Outcome {
        Outcome {
            kind,
            tally: Tally {
                passed,
                failed,
                left_out,
                failures: Vec::new(),
            },
            problem: problem.map(str::to_owned),
            seconds: 1,
        }
    }

    fn summary(outcomes: Vec<Outcome>) -> Summary {
        Summary {
            outcomes,
            skipped: Vec::new(),
        }
    }

    #[test]
    fn checks_hold_without_counting() {
        let run = summary(vec![
            outcome(Kind::Fmt, 0, 0, 0, None),
            outcome(Kind::Unit, 7, 0, 0, None),
        ]);
        assert!(run.holds());
        assert_eq!(run.render().lines().last(), Some("7 passed, 0 failed"));
    }

    #[test]
    fn a_kind_that_ran_no_test_fails() {
        let run = summary(vec![
            outcome(Kind::Unit, 7, 0, 0, None),
            outcome(Kind::Live, 0, 0, 0, None),
        ]);
        assert!(!run.holds());
        assert_eq!(run.render().lines().last(), Some("7 passed, 1 failed"));
    }

    #[test]
    fn an_ignored_test_fails_its_kind() {
        assert!(!summary(vec![outcome(Kind::Unit, 7, 0, 1, None)]).holds());
    }

    #[test]
    fn what_did_not_build_counts_as_one_failure() {
        let run = summary(vec![
            outcome(Kind::Unit, 3, 2, 0, None),
            outcome(Kind::Live, 0, 0, 0, Some("it did not build\nlong")),
        ]);
        assert!(!run.holds());
        assert_eq!(run.render().lines().last(), Some("3 passed, 3 failed"));
        assert!(run.render().contains("it did not build\n"));
        assert!(!run.render().contains("long"));
    }

    #[test]
    fn what_failed_is_named_after_the_table() {
        let mut broken = outcome(Kind::Live, 3, 1, 0, None);
        broken.tally.failures = vec!["a::breaks: tests/a.rs:3:5: 7 of 9".into()];
        let said = summary(vec![broken, outcome(Kind::Api, 5, 0, 0, None)]).render();
        let last: Vec<_> = said.lines().rev().take(3).collect();
        assert_eq!(
            last,
            [
                "8 passed, 1 failed",
                "",
                "FAILED live a::breaks: tests/a.rs:3:5: 7 of 9"
            ]
        );
    }

    #[test]
    fn what_was_left_out_is_said() {
        let run = Summary {
            outcomes: vec![outcome(Kind::Unit, 1, 0, 0, None)],
            skipped: vec![Kind::Engines],
        };
        assert!(run.render().contains("engines    NOT RUN"));
    }

    #[test]
    fn nothing_run_is_not_success() {
        assert!(!summary(Vec::new()).holds());
    }
}
