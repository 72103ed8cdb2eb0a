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
        // What is not folded into coarser rows yet is folded before it goes; and coarse rows to be removed have to be there.
        self.seal_before(no, before.saturating_mul(resolution.seconds()))?;
        let Some((first, last)) = self.span(no, resolution)? else {
            return Ok(nothing);
        };
        let until = before
            .min(last + 1)
            .min(first.saturating_add(BUCKETS_AT_ONCE));
        if until <= first {
            return Ok(nothing);
        }
        let removed = self.remove(no, resolution, until)?;
        let life = self.life(no)?;
        let floor = &mut life.floors[resolution as usize];
        *floor = (*floor).max(until);
        life.changed = true;
        Ok(Step {
            removed,
            finished: until == before.min(last + 1),
        })
    }

    fn seal_before(&mut self, no: i64, second: u64) -> Result<(), Failure> {
        let sealed = self.life(no)?.sealed;
        if second <= sealed {
            return Ok(());
        }
        match self.span(no, Resolution::Second)? {
            Some((_, last)) if last >= sealed => self.seal(no, second.min(last + 1)),
            _ => Ok(()),
        }
    }

    /// The first and the last bucket of a life that have rows.
    fn span(&self, life: i64, resolution: Resolution) -> Result<Option<(u64, u64)>, Failure> {
        let ends = |row: &rusqlite::Row<'_>| -> rusqlite::Result<_> {
            Ok(
                if row.get_ref(0)?.data_type() == rusqlite::types::Type::Null {
                    None
                } else {
                    Some((unsigned(row, 0)?, unsigned(row, 1)?))
                },
            )
        };
        Ok(match resolution {
            // Two lookups at the ends of an index, where min and max in one query would read all of it.
            Resolution::Second => self
                .db
                .prepare_cached(
                    "SELECT (SELECT second FROM seconds WHERE life = ?1 ORDER BY second LIMIT 1),
                            (SELECT second FROM seconds WHERE life = ?1 ORDER BY second DESC LIMIT 1)",
                )?
                .query_row([life], ends)?,
            coarse => self
                .db
                .prepare_cached(
                    "SELECT (SELECT bucket FROM cells WHERE life = ?1 AND resolution = ?2 ORDER BY bucket LIMIT 1),
                            (SELECT bucket FROM cells WHERE life = ?1 AND resolution = ?2 ORDER BY bucket DESC LIMIT 1)",
                )?
                .query_row((life, number(coarse)), ends)?,
        })
    }

    fn remove(&self, life: i64, resolution: Resolution, until: u64) -> Result<u64, Failure> {
        if resolution == Resolution::Second {
            let mut count = self.db.prepare_cached(
                "SELECT ifnull(sum(entries), 0) FROM seconds WHERE life = ?1 AND second < ?2",
            )?;
            let removed = count.query_row((life, signed(until)), |row| unsigned(row, 0))?;
            self.db
                .prepare_cached("DELETE FROM seconds WHERE life = ?1 AND second < ?2")?
                .execute((life, signed(until)))?;
            return Ok(removed);
        }
        let mut delete = self.db.prepare_cached(
            "DELETE FROM cells WHERE life = ?1 AND resolution = ?2 AND bucket < ?3",
        )?;
        Ok(delete.execute((life, number(resolution), signed(until)))? as u64)
    }
}
