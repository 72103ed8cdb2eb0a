//! Thousands of processes as fast as it goes: each one has its row, and their CPU adds up to what the kernel told their parent.

use std::collections::HashMap;

use serde_json::Value;

use crate::harness::api::Process;
use crate::harness::oracle::{self, number};
use crate::harness::program::{required, turn};
use crate::harness::up::{Data, run_oracle};
use crate::harness::{assert_within, relative_error};

const CHILDREN: usize = 5_000;

/// What the oracle said, and what was recorded.
struct Storm {
    truth: Value,
    parent: Process,
    children: Vec<Process>,
    losses: String,
}

impl Storm {
    /// Lets it pass under an `up` with these arguments.
    fn pass(up_args: &[&str]) -> Self {
        let data = Data::new();
        let up = data.up(up_args);
        let truth = run_oracle(&data, "storm", "storm", &[&CHILDREN.to_string(), "mix"]).remove(0);
        let container = up.api.past("storm");
        let (mut parents, children): (Vec<_>, Vec<_>) = up
            .api
            .processes("storm")
            .into_iter()
            .partition(|process| u64::from(process.pid) == number(&truth, "pid"));
        assert_eq!(
            container.processes as usize,
            parents.len() + children.len(),
            "the container's count is that of its rows"
        );
        assert_eq!(parents.len(), 1, "the storm itself has one row");
        let losses = up
            .api
            .losses("storm")
            .iter()
            // A machine may be too busy for a sample; that costs no process and no CPU.
            .filter(|loss| loss.reason != "samples_missed")
            .map(|loss| format!("{} {}: {}; ", loss.count, loss.reason, loss.says))
            .collect();
        up.stop();
        Self {
            truth,
            parent: parents.remove(0),
            children,
            losses,
        }
    }

    fn children_cpu_ns(&self) -> u64 {
        self.children
            .iter()
            .map(|child| child.total("cpu_ns"))
            .sum()
    }

    /// Each row is what the oracle said of that child.
    fn check_rows(&self) {
        assert_eq!(self.losses, "", "nothing may be lost");
        assert_eq!(
            self.children.len(),
            CHILDREN,
            "one row for each child and no other"
        );
        assert!(
            self.parent.is_root,
            "the first process of the container is its root"
        );
        let exe = self.truth["exe"]
            .as_str()
            .expect("the oracle knows its path");

        // A pid may have come back within the storm: rows of the same pid are told apart by their order.
        let mut recorded: HashMap<u64, Vec<&Process>> = HashMap::new();
        let mut by_start: Vec<_> = self.children.iter().collect();
        by_start.sort_by(|a, b| b.start_ms.total_cmp(&a.start_ms));
        for child in by_start {
            recorded.entry(child.pid.into()).or_default().push(child);
        }
        for truth in self.truth["children"]
            .as_array()
            .expect("the oracle lists its children")
        {
            let child = recorded
                .get_mut(&number(truth, "pid"))
                .and_then(Vec::pop)
                .unwrap_or_else(|| panic!("no row for {truth}"));
            check_child(truth, child, &self.parent, exe);
        }
    }
}

fn check_child(truth: &Value, child: &Process, parent: &Process, exe: &str) {
    let of = format!("{truth}, recorded as {child:?}");
    assert_eq!(child.parent.as_ref(), Some(&parent.id), "parent of {of}");
    assert_eq!(child.parent_pid, Some(parent.pid), "parent's pid of {of}");
    assert_eq!(
        child.exit_code.map(u64::from),
        Some(number(truth, "exit_code")),
        "exit code of {of}"
    );
    assert_eq!(child.signal, None, "signal of {of}");
    assert!(
        !child.end_unseen && !child.oom_killed && !child.core_dumped && !child.is_root,
        "flags of {of}"
    );

    let end_ms = child.end_ms.unwrap_or_else(|| panic!("no end of {of}"));
    assert!(
        parent.start_ms <= child.start_ms && child.start_ms <= end_ms,
        "times of {of}"
    );
    assert_eq!(
        child.entered_ms, child.start_ms,
        "it was born in the container: {of}"
    );

    assert_eq!(child.exe.as_deref(), Some(exe), "exe of {of}");
    if truth["method"] == "fork" {
        assert!(child.inherited, "{of}");
        assert_eq!(
            child.args(),
            parent.args(),
            "a fork has its parent's arguments: {of}"
        );
    } else {
        assert!(!child.inherited, "{of}");
        let (index, code) = (truth["index"].to_string(), truth["exit_code"].to_string());
        assert_eq!(
            child.args(),
            ["storm-child", &index, &code],
            "arguments of {of}"
        );
    }
}

#[test]
fn five_thousand_processes_have_five_thousand_rows_and_the_cpu_they_used() {
    let _turn = turn();
    let storm = Storm::pass(&[]);
    storm.check_rows();
    let path = oracle::path("storm");
    assert_eq!(storm.parent.args(), [path.as_str(), "5000", "mix"]);
    assert_eq!(storm.parent.exit_code, Some(0));
    assert_within(
        "CPU of the children",
        storm.children_cpu_ns(),
        number(&storm.truth, "children_cpu_ns"),
        0.01,
    );
    assert_within(
        "CPU of the storm itself",
        storm.parent.total("cpu_ns"),
        number(&storm.truth, "self_cpu_ns"),
        0.01,
    );
}

/// A check that nothing can fail shows nothing: kernel programs that close a process's totals at the exit tracepoint, before its last
/// context switch, must be found out by the CPU check, and by that check alone.
#[test]
fn totals_closed_at_the_exit_tracepoint_are_found_out() {
    let _turn = turn();
    let mutant = required(
        "BC_MUTANT_OBJECT",
        "kernel programs that close totals at the exit tracepoint",
    );
    let storm = Storm::pass(&["--kernel-object", &mutant]);
    storm.check_rows();
    let error = relative_error(
        storm.children_cpu_ns(),
        number(&storm.truth, "children_cpu_ns"),
    );
    assert!(
        error < -0.01,
        "the mutant's CPU is off by {:+.3} %: the storm would not have told it from the real one",
        error * 100.0
    );
}
