//! Writing: batches into rows, all of them or none.
//!
//! This file holds the transaction and what the ledger remembers from one to the next; what a fact, a sample or an order changes is
//! in the files beside it.

mod cpus;
mod facts;
mod known;
mod last_record;
mod moves;
mod outcomes;
mod packing;
mod prune;
mod room;
mod samples;
mod sealing;

use bc_schema::Batch;
use rusqlite::{Connection, TransactionBehavior};

use super::error::Failure;
use known::Known;
pub(crate) use outcomes::judge_all;
pub(crate) use packing::{pack_all, rows};
pub(crate) use prune::Step;

/// The one connection that writes, and what it remembers of the rows.
#[derive(Debug)]
pub(crate) struct Ledger {
    connection: Connection,
    known: Known,
    /// SQLite's count of changes by other connections, as it was when `known` was filled.
    seen_version: i64,
}

impl Ledger {
    /// Takes over a connection that was looked over.
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection,
            known: Known::default(),
            seen_version: 0,
        }
    }

    /// Writes batches, all or none; durable on return.
    pub(crate) fn write(&mut self, batches: &[Batch]) -> Result<(), Failure> {
        self.transact(|page| batches.iter().try_for_each(|batch| page.write(batch)))
    }

    fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut Page<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version = transaction
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        // Taken out, and put back only when all went well: after a failure or a panic nothing is remembered of what was rolled back.
        let mut known = std::mem::take(&mut self.known);
        if version != self.seen_version || known.is_large() {
            known = Known::default();
        }
        let mut page = Page {
            db: &transaction,
            known: &mut known,
        };
        let done = work(&mut page)?;
        page.put_lives()?;
        transaction.commit()?;
        self.seen_version = version;
        self.known = known;
        Ok(done)
    }
}

/// One transaction at work.
struct Page<'a> {
    db: &'a Connection,
    known: &'a mut Known,
}

impl Page<'_> {
    fn write(&mut self, batch: &Batch) -> Result<(), Failure> {
        batch
            .containers
            .iter()
            .try_for_each(|container| self.state(container))?;
        batch
            .starts
            .iter()
            .try_for_each(|start| self.begin(start))?;
        batch
            .seen
            .iter()
            .try_for_each(|(life, at_ns)| self.see(life, *at_ns))?;
        batch.execs.iter().try_for_each(|exec| self.execute(exec))?;
        self.sample(&batch.samples)?;
        self.count_cpus(&batch.cpus)?;
        batch.ends.iter().try_for_each(|end| self.end(end))?;
        batch.losses.iter().try_for_each(|loss| self.lose(loss))?;
        batch
            .containers
            .iter()
            .filter(|container| container.ended_ns.is_some())
            .try_for_each(|container| self.close(container))
    }
}

#[cfg(test)]
mod tests {
    use bc_schema::store::StoreError;
    use bc_schema::{ProcessExec, ProcessId};

    use super::*;
    use crate::sqlite::file;

    fn large(number: u8) -> Batch {
        let exec = ProcessExec {
            process: ProcessId([number; 16]),
            at_ns: 1,
            name: "x".into(),
            exe: None,
            args: Some(vec!["x".repeat(1 << 20)]),
            args_cut: false,
            inherited: false,
        };
        Batch {
            execs: vec![exec],
            ..Batch::default()
        }
    }

    fn execs(ledger: &Ledger) -> i64 {
        let count = "SELECT count(*) FROM execs";
        ledger
            .connection
            .query_row(count, [], |row| row.get(0))
            .unwrap()
    }

    #[test]
    fn a_full_disk_may_pass_and_leaves_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        let mut ledger = Ledger::new(file::open(&path).unwrap());
        ledger.write(&[large(1)]).unwrap();
        let limit = |ledger: &Ledger, pages: i64| {
            ledger
                .connection
                .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
                .unwrap();
        };
        limit(&ledger, 400);
        for _ in 0..2 {
            let failure = ledger.write(&[large(2), large(3)]).unwrap_err();
            let error = failure.into_store_error("write to", &path);
            assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
            assert_eq!(execs(&ledger), 1);
        }
        limit(&ledger, 4000);
        ledger.write(&[large(2), large(3)]).unwrap();
        assert_eq!(execs(&ledger), 3);
    }
}
