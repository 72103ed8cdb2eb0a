//! Writing: batches into rows, all of them or none.
//!
//! This file holds the transaction and what the ledger remembers from one to the next; what a fact, a sample or an order changes is
//! in the files beside it.

mod facts;
mod known;
mod last_record;
mod moves;
mod prune;
mod samples;
mod sealing;

use bc_schema::Batch;
use rusqlite::{Connection, TransactionBehavior};

use super::error::Failure;
use known::Known;

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

    /// Forgets what is remembered: it may differ from what is stored.
    pub(crate) fn forget(&mut self) {
        self.known = Known::default();
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
        if version != self.seen_version || self.known.is_large() {
            self.known = Known::default();
            self.seen_version = version;
        }
        let mut page = Page {
            db: &transaction,
            known: &mut self.known,
        };
        let whole = || {
            let done = work(&mut page)?;
            page.put_lives()?;
            Ok(done)
        };
        let done = whole().and_then(|done| Ok(transaction.commit().map(|()| done)?));
        if done.is_err() {
            self.forget();
        }
        done
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
        batch.execs.iter().try_for_each(|exec| self.execute(exec))?;
        self.sample(&batch.samples)?;
        batch.ends.iter().try_for_each(|end| self.end(end))?;
        batch.losses.iter().try_for_each(|loss| self.lose(loss))?;
        batch
            .containers
            .iter()
            .filter(|container| container.ended_ns.is_some())
            .try_for_each(|container| self.close(container))
    }
}
