//! What must hold in every guest. Each check is given what the guest said in one round: what the oracles say they did, and what was recorded.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::said::Round;

/// A check, and what it shows.
type Check = (&'static str, fn(&Round<'_>) -> Result<()>);

/// All of them.
pub(super) const CHECKS: [Check; 2] = [
    (
        "each process of a storm is a row, with its exit code and with the CPU that the kernel told its parent",
        storm,
    ),
    ("an orderly stop leaves no pins", stop),
];

/// How far recorded CPU may be from the truth.
const TOLERANCE: f64 = 0.01;

fn storm(round: &Round<'_>) -> Result<()> {
    ran(round, "storm")?;
    let truth = round.value("storm/truths")?;
    let rows = rows(round, "storm")?;
    let children = truth["children"].as_array().context("no children")?;
    ensure!(
        rows.len() == children.len() + 1,
        "{} rows of {} processes",
        rows.len(),
        children.len() + 1
    );
    let mut cpu_ns = 0;
    for child in children {
        let row = row(&rows, &child["pid"])?;
        ended_as(row, &child["exit_code"], &Value::Null)?;
        cpu_ns += number(&row["cpu_ns"])?;
    }
    same(
        "CPU of the children",
        cpu_ns,
        number(&truth["children_cpu_ns"])?,
    )?;
    ended_as(row(&rows, &truth["pid"])?, &0.into(), &Value::Null)
}

fn stop(round: &Round<'_>) -> Result<()> {
    ensure!(
        !round.text("up/pins").is_empty(),
        "there were no pins while it recorded"
    );
    ensure!(
        round.text("stop/code") == "0",
        "`up` ended with {}",
        round.text("stop/code")
    );
    let left = round.text("stop/pins");
    ensure!(left.is_empty(), "it left {left}");
    Ok(())
}

/// The container's command ended well, and nothing was lost. A busy machine may be too late for a sample: that costs no process and no CPU.
fn ran(round: &Round<'_>, step: &str) -> Result<()> {
    let code = round.text(&format!("{step}/code"));
    ensure!(
        code == "0",
        "`run` ended with {code}; the guest's console says more"
    );
    for loss in round.values(&format!("{step}/losses"))? {
        ensure!(
            loss["reason"] == "samples_missed",
            "something was lost: {loss}"
        );
    }
    Ok(())
}

/// The processes of a step by their pids, none of which comes twice in the short life of a guest.
fn rows(round: &Round<'_>, step: &str) -> Result<HashMap<u64, Value>> {
    let mut rows = HashMap::new();
    for row in round.values(&format!("{step}/processes"))? {
        let pid = number(&row["pid"])?;
        let twice = rows.insert(pid, row);
        ensure!(
            twice.is_none(),
            "two rows of pid {pid}: {twice:?} and {}",
            rows[&pid]
        );
    }
    Ok(rows)
}

fn row<'rows>(rows: &'rows HashMap<u64, Value>, pid: &Value) -> Result<&'rows Value> {
    rows.get(&number(pid)?)
        .with_context(|| format!("no row of pid {pid}"))
}

/// It ended, was seen to, and so.
fn ended_as(row: &Value, exit_code: &Value, signal: &Value) -> Result<()> {
    ensure!(
        row["end_ns"].is_u64() && row["end_unseen"] == false,
        "no end: {row}"
    );
    ensure!(
        row["exit_code"] == *exit_code && row["signal"] == *signal,
        "not exit code {exit_code} and signal {signal}: {row}"
    );
    Ok(())
}

fn number(value: &Value) -> Result<u64> {
    value
        .as_u64()
        .with_context(|| format!("{value} is no number"))
}

fn same(what: &str, recorded: u64, truth: u64) -> Result<()> {
    ensure!(
        truth > 0,
        "{what}: the oracle says 0, it did not do its work"
    );
    let error = (recorded as f64 - truth as f64) / truth as f64;
    ensure!(
        error.abs() <= TOLERANCE,
        "{what}: recorded {recorded}, the truth is {truth}: off by {:+.3} %",
        error * 100.0
    );
    Ok(())
}
