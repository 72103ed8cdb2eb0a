//! The table against what the kernel programs are attached to, against `docs/kernels.md`, and on kernels that are not this one.

use std::fmt::Write;

use bc_abi::{ABSENT, Layout, PathMode};

use super::capability::Lost;
use super::table::TABLE;
use super::{Report, State};
use crate::kernel::{KernelError, TRACEPOINTS, Trial};

const DOCS: &str = include_str!("../../../docs/kernels.md");
const BEGIN: &str = "<!-- the table of recorder/src/probe/table.rs begins -->\n";
const END: &str = "<!-- it ends -->\n";

#[test]
fn the_docs_have_the_table() {
    let mut table = String::from(
        "\n| what | by | needs | else | lost without either |\n| --- | --- | --- | --- | --- |\n",
    );
    for row in TABLE {
        let instead: Vec<_> = row
            .instead
            .iter()
            .map(|instead| {
                let mut words = instead.by.to_owned();
                for (word, text) in [("needs", instead.needs), ("loses", instead.costs)] {
                    if !text.is_empty() {
                        write!(words, ", {word} {text}").unwrap();
                    }
                }
                words
            })
            .collect();
        let (instead, lost) = match row.lost {
            Lost::Required(lost) => ("recording does not start".into(), lost),
            Lost::Only(lost) if instead.is_empty() => ("nothing".into(), lost),
            Lost::Only(lost) => (instead.join("; else "), lost),
        };
        let (gives, by, needs) = (row.gives, row.by, row.needs);
        writeln!(table, "| {gives} | {by} | {needs} | {instead} | {lost} |").unwrap();
    }
    table.push('\n');
    let (_, rest) = DOCS.split_once(BEGIN).expect("the table begins somewhere");
    let (shown, _) = rest.split_once(END).expect("the table ends somewhere");
    assert!(
        shown == table,
        "docs/kernels.md has another table than `recorder --check`; between its two marks belongs:\n{table}"
    );
}

#[test]
fn every_hook_has_its_row() {
    for (_, hook) in TRACEPOINTS {
        let rows = TABLE
            .iter()
            .filter(|row| row.by.contains(&format!("`{hook}`")));
        assert!(rows.count() >= 1, "{hook}");
    }
}

fn trial(layout: Layout, started: Result<(), KernelError>) -> Trial {
    Trial {
        layout: Some(layout),
        absent_hooks: Vec::new(),
        cores: true,
        swept: false,
        started,
        pinned: Some(Ok(())),
    }
}

/// As a kernel of 6.1 under the strictest lockdown fills it.
fn strict() -> Layout {
    Layout {
        task_core: 8,
        task_rchar: 8,
        task_block_read: 8,
        css_set_memory: 8,
        css_set_pids: 8,
        css_set_freezer: 8,
        css_set_cpuacct: 8,
        exit_sees_mm: 0,
        path_mode: PathMode::None as u32,
        mm_rss_by_probe: ABSENT,
        pid_by_probe: ABSENT,
        ..Layout::UNKNOWN
    }
}

fn state<'a>(report: &'a Report, gives: &str) -> (State, Option<&'a str>) {
    let mut rows = report.capabilities.iter();
    let row = rows
        .find(|row| row.gives.contains(gives))
        .expect("it is in the table");
    (row.state, row.lost.as_deref())
}

#[test]
fn an_older_stricter_kernel_loses_what_the_table_says_and_nothing_else() {
    let report = Report::new(trial(strict(), Ok(())), Ok(()));
    let not_works: Vec<_> = report
        .capabilities
        .iter()
        .filter(|row| row.state != State::Works)
        .map(|row| (row.by.as_str(), row.state))
        .collect();
    assert_eq!(
        not_works,
        [
            ("sched_process_exit, which sees mm_struct", State::Missing),
            ("kfunc bpf_rdonly_cast", State::Replaced(1)),
            (
                "kfuncs bpf_iter_task_new, bpf_rcu_read_lock",
                State::Replaced(0)
            ),
            ("plain loads of mm_struct.rss_stat", State::Missing),
            ("plain loads of pid.numbers", State::Missing),
        ]
    );
    let resident = report
        .capabilities
        .iter()
        .find(|row| row.gives.contains("resident"));
    assert_eq!(
        resident.unwrap().needs,
        "6.2; or a lockdown below confidentiality, for bpf_probe_read_kernel"
    );
    assert_eq!(
        state(&report, "path of a new cgroup").1,
        Some("containers that are gone before user space has looked")
    );
    let mut unpinned = trial(strict(), Ok(()));
    unpinned.pinned = Some(Err("it is read-only".into()));
    let report = Report::new(unpinned, Ok(()));
    assert_eq!(state(&report, "is killed").0, State::Missing);
    assert!(report.to_string().contains("it is read-only"));
    let probed = Layout {
        mm_rss_by_probe: 1,
        ..strict()
    };
    let report = Report::new(trial(probed, Ok(())), Ok(()));
    assert_eq!(state(&report, "resident"), (State::Replaced(0), None));
    let json = serde_json::to_value(&report).unwrap();
    let states = json["capabilities"].as_array().unwrap().iter();
    let states: Vec<_> = states.map(|row| row["state"].as_str().unwrap()).collect();
    let names: Vec<_> = report
        .capabilities
        .iter()
        .map(|row| row.state.name())
        .collect();
    assert_eq!(states, names);
}

#[test]
fn what_was_not_seen_at_work_is_not_said_to_work() {
    let mut failed = trial(strict(), Err(KernelError::NotRoot));
    failed.absent_hooks.push("cgroup_mkdir");
    failed.pinned = None;
    failed.cores = false;
    let report = Report::new(failed, Ok(()));
    assert!(report.problem.as_deref().unwrap().contains("sudo"));
    assert_eq!(state(&report, "born watched").0, State::Untried);
    assert_eq!(state(&report, "from its birth").0, State::Missing);
    assert_eq!(state(&report, "by core").0, State::Off);
    assert_eq!(state(&report, "is killed").0, State::Untried);
    let unknown = Trial {
        layout: None,
        ..trial(strict(), Err(KernelError::NotEmbedded))
    };
    let report = Report::new(unknown, Ok(()));
    assert!(
        report
            .capabilities
            .iter()
            .all(|row| row.state == State::Untried)
    );
    assert!(report.to_string().ends_with("recording is not possible"));
}
