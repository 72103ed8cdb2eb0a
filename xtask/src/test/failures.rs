//! What failed and why, in one line each, out of what the runners print. Pure; knows the three runners that `tally` counts.
//! What they print stands above the verdict.

use std::collections::BTreeMap;

/// How much of a cause is shown, characters.
const MOST: usize = 400;

/// The failed tests of Rust's runner: each name with the place and the message of its panic.
pub(crate) fn of_cargo(output: &str) -> Vec<String> {
    let mut causes: BTreeMap<&str, String> = BTreeMap::new();
    let mut section = None;
    let mut lines = output.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = within(line, "---- ", " stdout ----") {
            section = Some(name);
        } else if let Some((_, place)) = line.split_once(" panicked at ")
            && line.starts_with("thread '")
            && let Some(name) = section.take()
        {
            let message = lines.next().unwrap_or_default();
            causes.insert(name, format!("{place} {message}"));
        }
    }
    let failed = output
        .lines()
        .filter_map(|line| within(line, "test ", " ... FAILED"));
    failed
        .map(|name| told(name, causes.get(name).map_or("", String::as_str)))
        .collect()
}

/// The failed tests of Node's runner, from the list at its end.
pub(crate) fn of_node(output: &str) -> Vec<String> {
    let Some((_, list)) = output.split_once("✖ failing tests:") else {
        return Vec::new();
    };
    let mut lines = list.lines();
    let mut failures = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(name) = line.trim_start().strip_prefix("✖ ") {
            failures.push(told(name, lines.next().unwrap_or_default().trim()));
        }
    }
    failures
}

/// The routes that schemathesis complains of, each with its first complaint.
pub(crate) fn of_schemathesis(output: &str) -> Vec<String> {
    let mut failures = Vec::new();
    let mut route = None;
    for line in output.lines() {
        if let Some(name) = within(line, "__", "__") {
            route = Some(name.trim_matches(['_', ' ']));
        } else if let Some(complaint) = line.strip_prefix("- ")
            && let Some(name) = route.take()
        {
            failures.push(told(name, complaint));
        }
    }
    failures
}

fn within<'line>(line: &'line str, before: &str, after: &str) -> Option<&'line str> {
    line.strip_prefix(before)?.strip_suffix(after)
}

fn told(name: &str, cause: &str) -> String {
    let shown: String = cause.chars().take(MOST).collect();
    let more = if shown.len() < cause.len() {
        " …"
    } else {
        ""
    };
    match shown.is_empty() {
        true => name.to_owned(),
        false => format!("{name}: {shown}{more}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_with_its_place() {
        let output = "test a::holds ... ok\ntest a::breaks ... FAILED\ntest src/x.rs - y (line 3) ... FAILED\n\nfailures:\n\n\
            ---- a::breaks stdout ----\n\nthread 'a::breaks' (17) panicked at tests/a.rs:3:5:\n7 of 9\nnote: run with\n\
            thread 'a::breaks' (18) panicked at tests/a.rs:9:5:\nlater\n\n\nfailures:\n    a::breaks\n";
        assert_eq!(
            of_cargo(output),
            ["a::breaks: tests/a.rs:3:5: 7 of 9", "src/x.rs - y (line 3)"]
        );
        assert!(of_cargo("test a::holds ... ok\n").is_empty());
    }

    #[test]
    fn a_long_cause_is_cut() {
        let message = "é".repeat(5_000);
        let output = format!(
            "test t ... FAILED\n---- t stdout ----\nthread 't' panicked at a.rs:1:1:\n{message}\n"
        );
        let told = of_cargo(&output).remove(0);
        assert!(
            told.chars().count() < MOST + 10 && told.ends_with('…'),
            "{told}"
        );
    }

    #[test]
    fn the_list_of_node_is_read() {
        let output = "✖ opens (3ms)\nℹ fail 1\n\n✖ failing tests:\n\ntest at tests/a.mjs:3:1\n✖ opens (3ms)\n  Error: it did not\n      at x\n";
        assert_eq!(of_node(output), ["opens (3ms): Error: it did not"]);
        assert!(of_node("✔ opens (3ms)\n").is_empty());
    }

    #[test]
    fn a_route_is_told_with_its_first_complaint() {
        let output = "==== FAILURES ====\n____ GET /containers ____\n1. Test Case ID: 8\n\n- Server error\n\n- Undocumented\n";
        assert_eq!(of_schemathesis(output), ["GET /containers: Server error"]);
    }
}
