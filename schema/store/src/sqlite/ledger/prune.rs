//! Removing what retention lets go, and giving the space back.

use std::time::{Duration, Instant};

use bc_schema::Resolution;
use bc_schema::store::PruneOrder;
use rusqlite::OptionalExtension;

use super::{Ledger, Page};
use crate::sqlite::error::Failure;
use crate::sqlite::rows::{number, signed, unsigned};

/// Buckets removed in one transaction: between two of them others may write.
const BUCKETS_AT_ONCE: u64 = 600;

/// Pages given back in one transaction, and how long a round of them may take in all.
const PAGES_AT_ONCE: &str = "PRAGMA incremental_vacuum(512)";
const COMPACT_AT_ONCE: Duration = Duration::from_millis(50);

/// One step of an order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// Rows removed.
    pub(crate) removed: u64,
    /// Nothing is left of the order.
    pub(crate) finished: bool,
}

impl Ledger {
    /// Carries out a part of an order.
    pub(crate) fn prune(&mut self, order: &PruneOrder) -> Result<Step, Failure> {
        self.transact(|page| page.prune(order))
    }

    /// Gives free pages back to the file system for a moment; `true`: there is more to do.
    pub(crate) fn compact(&mut self) -> Result<bool, Failure> {
        let began = Instant::now();
        loop {
            let mut vacuum = self.connection.prepare_cached(PAGES_AT_ONCE)?;
            // Each step of the statement frees one page: it has to be stepped to its end.
            let mut freed = vacuum.query([])?;
            while freed.next()?.is_some() {}
            let left: i64 = self
                .connection
                .prepare_cached("PRAGMA freelist_count")?
                .query_row([], |row| row.get(0))?;
            if left == 0 {
                // The file gets shorter when the log is written back to it.
                self.connection
                    .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
                return Ok(false);
            }
            if began.elapsed() >= COMPACT_AT_ONCE {
                return Ok(true);
            }
        }
    }
}

impl Page<'_> {
    fn prune(&mut self, order: &PruneOrder) -> Result<Step, Failure> {
        let nothing = Step {
            removed: 0,
            finished: true,
        };
        let mut find = self.db.prepare_cached(
            "SELECT l.no FROM lives l JOIN containers c ON c.no = l.container WHERE c.id = ?1 AND l.host = ?2 AND l.began_ns = ?3",
        )?;
        let life = &order.life;
        let found = find
            .query_row(
                (life.container.as_str(), &life.host, signed(life.began_ns)),
                |row| row.get(0),
            )
            .optional()?;
        let Some(no) = found else { return Ok(nothing) };

        let resolution = order.resolution;
        let before = order.before_ns.div_ceil(resolution.ns());
        // Before finer rows go, the coarser ones are made of them; and what is to be removed has to be there.
        self.seal_until(no, Some(before.saturating_mul(resolution.seconds())))?;
        let Some((first, last)) = self.span(no, resolution)? else {
            return Ok(nothing);
        };
        // The open bucket may have no block yet, but it is there all the same.
        let newest = self
            .span(no, Resolution::Second)?
            .map_or(0, |(_, second)| second / resolution.seconds());
        let before = before.min(last.max(newest) + 1);
        let until = before.min(first.saturating_add(BUCKETS_AT_ONCE));
        if until <= first {
            return Ok(nothing);
        }
        let removed = self.remove(no, resolution, until)?;
        self.remove_cpus(no, resolution, until)?;
        let life = self.life(no)?;
        let floor = &mut life.floors[resolution as usize];
        *floor = (*floor).max(until);
        life.changed = true;
        Ok(Step {
            removed,
            finished: until == before,
        })
    }

    fn remove(&self, life: i64, resolution: Resolution, until: u64) -> Result<u64, Failure> {
        let key = (life, number(resolution), signed(until));
        let mut count = self.db.prepare_cached(
            "SELECT ifnull(sum(entries), 0) FROM blocks WHERE life = ?1 AND resolution = ?2 AND bucket < ?3",
        )?;
        let removed = count.query_row(key, |row| unsigned(row, 0))?;
        let mut delete = self.db.prepare_cached(
            "DELETE FROM blocks WHERE life = ?1 AND resolution = ?2 AND bucket < ?3",
        )?;
        delete.execute(key)?;
        Ok(match resolution {
            Resolution::Second => removed + self.prune_packs(life, until)?,
            _ => removed,
        })
    }
}
