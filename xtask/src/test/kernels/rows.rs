//! The processes of one container as the guest's database has them, and how they are compared with what an oracle says. What they should be is `checks`'.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::said::Round;

/// Rows by their pids, none of which comes twice in the short life of a guest.
pub(super) struct Rows(HashMap<u64, Value>);

impl Rows {
    /// Those of a step whose command ended well and of which nothing was lost. A busy machine may be too late for a sample: that costs no process and no CPU.
    pub(super) fn of(round: &Round<'_>, step: &str) -> Result<Self> {
        Self::but_for(round, step, &["samples_missed"])
    }

    /// The same where these losses may be declared.
    pub(super) fn but_for(round: &Round<'_>, step: &str, losses: &[&str]) -> Result<Self> {
        let code = round.text(&format!("{step}/code"));
        ensure!(
            code == "0",
            "`run` ended with `{code}`; the console of the guest says more"
        );
        for loss in round.values(&format!("{step}/losses"))? {
            let allowed = losses.iter().any(|reason| loss["reason"] == *reason);
            ensure!(allowed, "something was lost: {loss}");
        }
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
        Ok(Self(rows))
    }

    /// There are so many of them.
    pub(super) fn are(&self, processes: usize) -> Result<()> {
        let rows = self.0.len();
        ensure!(rows == processes, "{rows} rows of {processes} processes");
        Ok(())
    }

    /// That of the process of which a truth has the pid.
    pub(super) fn of_pid(&self, pid: &Value) -> Result<&Value> {
        let row = self.0.get(&number(pid)?);
        row.with_context(|| format!("no row of pid {pid}"))
    }
}

/// The process ended as the truth says, and was seen to.
pub(super) fn ended_as(row: &Value, truth: &Value) -> Result<()> {
    ensure!(
        row["end_ns"].is_u64() && row["end_unseen"] == false,
        "no end: {row}"
    );
    for how in ["exit_code", "signal"] {
        // Who says nothing of a signal knows of none.
        ensure!(row[how] == truth[how], "{how} of {truth}: {row}");
    }
    Ok(())
}

/// The recorded CPU is at least what the kernel told the parent, or the threads themselves, and not half as much again. An emulated CPU may rest for a tenth of a second
/// or more just when a process, which its parent has already reaped, is about to leave it for good; the kernel's clock goes on, and its own sum has less than was used.
pub(super) fn used(recorded_ns: u64, told_ns: u64) -> Result<()> {
    ensure!(
        told_ns > 0,
        "the oracle says 0 ns of CPU: it did not do its work"
    );
    ensure!(
        (told_ns..told_ns + told_ns / 2).contains(&recorded_ns),
        "{recorded_ns} ns of CPU are recorded, {told_ns} were told: off by {:+.3} %",
        (recorded_ns as f64 / told_ns as f64 - 1.0) * 100.0
    );
    Ok(())
}

/// # Errors
/// It is something else.
pub(super) fn number(value: &Value) -> Result<u64> {
    value
        .as_u64()
        .with_context(|| format!("{value} is no number"))
}
