//! What must hold in every guest. Each check is given what the guest said in one round: what the oracles say they did, and what was recorded.

use anyhow::{Context, Result, ensure};

use super::rows::{Rows, ended_as, number, used};
use super::said::Round;
use super::stated;

/// A check, and what it shows.
type Check = (&'static str, fn(&Round<'_>) -> Result<()>);

/// All of them.
pub(super) const CHECKS: [Check; 7] = [
    (
        "`recorder --check` finds what docs/kernels.md states",
        stated::check,
    ),
    (
        "each process of a storm is a row, with its exit code and with the CPU that the kernel told its parent",
        storm,
    ),
    ("exit codes and signals are told apart", codes),
    (
        "threads that outlive their leader, and one that executes, are counted",
        threads,
    ),
    ("a process that nobody reaps is on record as ended", zombie),
    ("what ends while the recorder is dead is on record", killed),
    ("an orderly stop leaves no pins", stop),
];

fn storm(round: &Round<'_>) -> Result<()> {
    let truth = round.value("storm/truths")?;
    let rows = Rows::of(round, "storm")?;
    let children = truth["children"].as_array().context("no children")?;
    rows.are(children.len() + 1)?;
    let mut cpu_ns = 0;
    for child in children {
        let row = rows.of_pid(&child["pid"])?;
        ended_as(row, child)?;
        cpu_ns += number(&row["cpu_ns"])?;
    }
    used(cpu_ns, number(&truth["children_cpu_ns"])?)
}

fn codes(round: &Round<'_>) -> Result<()> {
    let truths = round.values("codes/truths")?;
    let rows = Rows::of(round, "codes")?;
    rows.are(truths.len() + 1)?;
    truths
        .iter()
        .try_for_each(|truth| ended_as(rows.of_pid(&truth["pid"])?, truth))
}

/// The threads state their CPU as their last act but one, and the kernel forgets a little of a thread that it reaps itself: neither says more than was used.
fn threads(round: &Round<'_>) -> Result<()> {
    for step in ["leader-first", "thread-exec"] {
        let truth = round.value(&format!("{step}/truths"))?;
        let rows = Rows::of(round, step)?;
        rows.are(2)?;
        let row = rows.of_pid(&truth["burner"])?;
        ended_as(row, &truth)?;
        let told_ns = number(&truth["cpu_ns"])?.max(number(&truth["wait4_cpu_ns"])?);
        used(number(&row["cpu_ns"])?, told_ns).context(step)?;
    }
    Ok(())
}

fn zombie(round: &Round<'_>) -> Result<()> {
    let truth = round.value("zombie/truths")?;
    let unreaped = round
        .value("zombie/unreaped")
        .context("as long as it was not reaped, it was not on record as ended")?;
    ensure!(
        unreaped["pid"] == truth["pid"],
        "another process: {unreaped}"
    );
    let rows = Rows::of(round, "zombie")?;
    rows.are(2)?;
    for row in [&unreaped, rows.of_pid(&truth["pid"])?] {
        ended_as(row, &truth)?;
        used(number(&row["cpu_ns"])?, number(&truth["cpu_ns"])?)?;
    }
    Ok(())
}

fn killed(round: &Round<'_>) -> Result<()> {
    let truths = round.values("killed/truths")?;
    let truth = truths.last().context("the oracle said nothing")?;
    let losses = ["samples_missed", "recorder_down", "args_unreadable"];
    let rows = Rows::but_for(round, "killed", &losses)?;
    rows.are(2)?;
    let row = rows.of_pid(&truth["burner"])?;
    ended_as(row, truth)?;
    used(number(&row["cpu_ns"])?, number(&truth["wait4_cpu_ns"])?)
}

fn stop(round: &Round<'_>) -> Result<()> {
    ensure!(
        !round.text("up/pins").is_empty(),
        "there were no pins while it recorded"
    );
    for which in ["stop", "stop-of-second"] {
        let code = round.text(&format!("{which}/code"));
        ensure!(code == "0", "`up` ended with `{code}`");
        let left = round.text(&format!("{which}/pins"));
        ensure!(left.is_empty(), "it left {left}");
    }
    Ok(())
}
