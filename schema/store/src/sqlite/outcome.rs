//! How it stands with an account, by what was stated of its process's ends.

use bc_schema::{ProcessEnd, ProcessId};
use rusqlite::Connection;

use super::error::Failure;
use super::rows::{self, signed, unsigned};
use crate::facts;

/// What is derived from the ends, and stands in a row of `accounts`: counting asks no process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Not known to have ended.
    pub(super) open: bool,
    /// Known to have ended badly.
    pub(super) failed: bool,
}

impl Outcome {
    /// By the statement that counts.
    pub(super) fn of(end: Option<&ProcessEnd>) -> Self {
        Self {
            open: end.is_none(),
            failed: end.is_some_and(ProcessEnd::failed),
        }
    }
}

/// Every statement of how a process ended, in any container.
pub(super) fn ends(db: &Connection, no: u64, id: ProcessId) -> Result<Vec<ProcessEnd>, Failure> {
    let mut find = db.prepare_cached(
        "SELECT at_ns, exit_code, signal, core_dumped, oom_killed, unseen FROM ends WHERE process = ?1",
    )?;
    let ends = find.query_map([signed(no)], |row| rows::end(row, 0, id))?;
    Ok(ends.collect::<Result<_, _>>()?)
}

/// Calls `each` with every account (container and number of the process), what its row says, and what its ends say.
pub(super) fn each(
    db: &Connection,
    mut each: impl FnMut((i64, u64), Outcome, Outcome) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut find = db.prepare(
        "SELECT a.container, a.process, a.open, a.failed, a.after_ns, a.until_ns, p.id
         FROM accounts a JOIN processes p ON p.no = a.process",
    )?;
    let mut found = find.query([])?;
    while let Some(row) = found.next()? {
        let account = (row.get(0)?, unsigned(row, 1)?);
        let said = Outcome {
            open: row.get(2)?,
            failed: row.get(3)?,
        };
        let ends = ends(db, account.1, ProcessId(row.get(6)?))?;
        let end = facts::end_within(&ends, rows::window(row, 4)?);
        each(account, said, Outcome::of(end))?;
    }
    Ok(())
}
