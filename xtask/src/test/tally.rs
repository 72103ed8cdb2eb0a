//! Counting: reads how many tests really ran out of what the runners print. Pure; knows three runners:
//! Rust's own, Node's and schemathesis. Which failed is told by `failures`.

use std::ops::AddAssign;

use super::failures;

/// Tests that ran, and those that a runner left out on its own account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Ran and held.
    pub(crate) passed: u64,
    /// Ran and did not.
    pub(crate) failed: u64,
    /// Marked as ignored, skipped or to do: never allowed here.
    pub(crate) left_out: u64,
    /// What failed, and why: one line each.
    pub(crate) failures: Vec<String>,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.left_out += other.left_out;
        self.failures.extend(other.failures);
    }
}

/// Sums the `test result:` lines of Rust's test runner, one per test program.
pub(crate) fn of_cargo(output: &str) -> Tally {
    let mut tally = Tally {
        failures: failures::of_cargo(output),
        ..Tally::default()
    };
    for line in output
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("test result: "))
    {
        // "ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s"
        for part in line
            .split_once(". ")
            .map_or("", |(_, counts)| counts)
            .split("; ")
        {
            let Some((count, what)) = part.split_once(' ') else {
                continue;
            };
            let Ok(count) = count.parse::<u64>() else {
                continue;
            };
            match what {
                "passed" => tally.passed += count,
                "failed" => tally.failed += count,
                "ignored" => tally.left_out += count,
                _ => {}
            }
        }
    }
    tally
}

/// Reads how many requests schemathesis made, out of its summary.
pub(crate) fn of_schemathesis(output: &str) -> Tally {
    // "  2168 generated, 2160 passed, 8 found 1 unique failure"
    let summary = output
        .split_once("Test cases:")
        .and_then(|(_, rest)| rest.trim_start().lines().next())
        .unwrap_or_default();
    let count = |what: &str| {
        let mut parts = summary.split(", ");
        let part = parts.find(|part| part.contains(what))?;
        part.split_whitespace().next()?.parse().ok()
    };
    Tally {
        passed: count(" passed").unwrap_or(0),
        failed: count(" found ").unwrap_or(0),
        left_out: 0,
        failures: failures::of_schemathesis(output),
    }
}

/// Sums the closing lines of Node's test runner, in its form for terminals and its form for pipes.
pub(crate) fn of_node(output: &str) -> Tally {
    let mut tally = Tally {
        failures: failures::of_node(output),
        ..Tally::default()
    };
    for line in output.lines() {
        let Some(line) = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")) else {
            continue;
        };
        let Some((what, count)) = line.split_once(' ') else {
            continue;
        };
        let Ok(count) = count.trim().parse::<u64>() else {
            continue;
        };
        match what {
            "pass" => tally.passed += count,
            "fail" | "cancelled" => tally.failed += count,
            "skipped" | "todo" => tally.left_out += count,
            _ => {}
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_schemathesis_are_counted() {
        let tally = |passed, failed| Tally {
            passed,
            failed,
            ..Tally::default()
        };
        let all = "Test cases:\n  2168 generated, 2168 passed\n\nSeed: 1\n";
        assert_eq!(of_schemathesis(all), tally(2168, 0));
        let some = "Test cases:\n  20 generated, 17 passed, 3 found 1 unique failure\n";
        assert_eq!(of_schemathesis(some), tally(17, 3));
        assert_eq!(of_schemathesis("Traceback"), Tally::default());
    }

    #[test]
    fn adds_up_every_test_program() {
        let output = "running 2 tests\n\
            test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 1 filtered out; finished in 0.01s\n\
            test result: FAILED. 3 passed; 4 failed; 5 ignored; 0 measured; 0 filtered out; finished in 1.00s\n";
        assert_eq!(
            of_cargo(output),
            Tally {
                passed: 5,
                failed: 4,
                left_out: 5,
                ..Tally::default()
            }
        );
    }

    #[test]
    fn a_test_that_prints_numbers_is_not_counted() {
        assert_eq!(
            of_cargo("7 passed; 1 failed\nthe test result: ok. 7 passed;"),
            Tally::default()
        );
    }

    #[test]
    fn reads_both_forms_of_node() {
        let pipe = "# tests 5\n# suites 0\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 0\n# todo 0\n# duration_ms 71.3\n";
        let terminal = "ℹ tests 2\nℹ pass 1\nℹ fail 0\nℹ skipped 1\n";
        assert_eq!(
            of_node(pipe),
            Tally {
                passed: 3,
                failed: 2,
                ..Tally::default()
            }
        );
        assert_eq!(
            of_node(terminal),
            Tally {
                passed: 1,
                left_out: 1,
                ..Tally::default()
            }
        );
    }

    #[test]
    fn no_output_is_no_tests() {
        assert_eq!(of_cargo(""), Tally::default());
        assert_eq!(of_node("error: nothing found"), Tally::default());
    }
}
