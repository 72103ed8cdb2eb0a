//! Which accounts are over, and which of them badly: found again where another statement of an end, or another account, may change it.

use bc_schema::ProcessId;
use rusqlite::Connection;

use super::Page;
use super::known::Process;
use crate::facts;
use crate::sqlite::error::Failure;
use crate::sqlite::outcome::{self, Outcome};
use crate::sqlite::rows::signed;

impl Page<'_> {
    /// How it stands with each of a process's accounts, and whose records its execs and ends are.
    pub(super) fn settle_ends(&mut self, id: ProcessId, process: &Process) -> Result<(), Failure> {
        let ends = outcome::ends(self.db, process.no, id)?;
        let mut times_ns = self.execs_ns(process.no)?;
        times_ns.extend(ends.iter().map(|end| end.at_ns));
        for account in &process.accounts {
            let end = facts::end_within(&ends, account.window);
            put(self.db, account.container, process.no, Outcome::of(end))?;
            let inside = |at_ns: &&u64| account.window.contains(**at_ns);
            for &at_ns in times_ns.iter().filter(inside) {
                self.record(account.life, at_ns)?;
            }
        }
        Ok(())
    }
}

/// Has every row say what the ends say: in a database whose rows did not.
pub(crate) fn judge_all(db: &Connection) -> Result<(), Failure> {
    outcome::each(db, |(container, process), said, is| {
        if said == is {
            return Ok(());
        }
        put(db, container, process, is)
    })
}

fn put(db: &Connection, container: i64, process: u64, outcome: Outcome) -> Result<(), Failure> {
    let mut put = db.prepare_cached(
        "UPDATE accounts SET open = ?3, failed = ?4 WHERE container = ?1 AND process = ?2",
    )?;
    let Outcome { open, failed } = outcome;
    put.execute((container, signed(process), open, failed))?;
    Ok(())
}
