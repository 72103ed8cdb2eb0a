//! A life's last record, found again where what had been the last is taken back. Rare: it only ever rises otherwise.

use bc_schema::Resolution;
use rusqlite::OptionalExtension;

use super::Page;
use crate::sqlite::block;
use crate::sqlite::error::Failure;
use crate::sqlite::rows::{self, blob, number, signed, unsigned};

impl Page<'_> {
    /// Counts a life's last record from everything that is stored of it.
    pub(super) fn recount_last_record(&mut self, no: i64) -> Result<(), Failure> {
        let life = self.life(no)?;
        let (container, began_ns) = (life.container, life.began_ns.max(life.seen_ns));
        let mut find = self
            .db
            .prepare_cached("SELECT ended_ns FROM statements WHERE life = ?1")?;
        let ended_ns = find
            .query_row([no], |row| rows::maybe_unsigned(row, 0))
            .optional()?
            .flatten();
        let facts_ns = self.last_fact_ns(container, no)?;
        let sample_ns = self.last_sample_ns(no)?;
        let last_ns = began_ns
            .max(ended_ns.unwrap_or(0))
            .max(facts_ns)
            .max(sample_ns);
        let life = self.life(no)?;
        life.changed |= life.last_record_ns != last_ns;
        life.last_record_ns = last_ns;
        Ok(())
    }

    fn last_fact_ns(&self, container: i64, life: i64) -> Result<u64, Failure> {
        let mut last_ns = 0;
        let mut find = self.db.prepare_cached(
            "SELECT process, entered_ns, after_ns, until_ns FROM accounts WHERE container = ?1 AND life = ?2",
        )?;
        let mut accounts = find.query((container, life))?;
        while let Some(row) = accounts.next()? {
            let (process, window) = (unsigned(row, 0)?, rows::window(row, 2)?);
            let ends = self
                .ends_ns(process)?
                .into_iter()
                .chain(self.execs_ns(process)?);
            let inside = ends.filter(|&at_ns| window.contains(at_ns));
            last_ns = inside.fold(last_ns.max(unsigned(row, 1)?), u64::max);
        }
        Ok(last_ns)
    }

    /// When ends of a process were stated to be, in any container.
    pub(super) fn ends_ns(&self, process: u64) -> Result<Vec<u64>, Failure> {
        let mut find = self
            .db
            .prepare_cached("SELECT at_ns FROM ends WHERE process = ?1")?;
        Ok(find
            .query_map([signed(process)], |row| unsigned(row, 0))?
            .collect::<Result<_, _>>()?)
    }

    /// When a process executed something, in any container.
    pub(super) fn execs_ns(&self, process: u64) -> Result<Vec<u64>, Failure> {
        let mut find = self
            .db
            .prepare_cached("SELECT at_ns FROM execs WHERE process = ?1")?;
        Ok(find
            .query_map([signed(process)], |row| unsigned(row, 0))?
            .collect::<Result<_, _>>()?)
    }

    fn last_sample_ns(&self, life: i64) -> Result<u64, Failure> {
        let mut last_ns = 0;
        let mut find = self.db.prepare_cached(
            "SELECT block FROM blocks WHERE life = ?1 AND resolution = ?2 AND bucket = ?3",
        )?;
        for resolution in Resolution::ALL {
            let Some((_, newest)) = self.span(life, resolution)? else {
                continue;
            };
            if resolution == Resolution::Second {
                let minute = newest / Resolution::Minute.seconds();
                self.each_pack(life, minute, None, |_, _, pack| {
                    pack.entries(
                        |_| true,
                        |entry| {
                            last_ns = last_ns.max(entry.cell.at_ns);
                            Ok(())
                        },
                    )
                })?;
            }
            let mut found = find.query((life, number(resolution), signed(newest)))?;
            while let Some(row) = found.next()? {
                for entry in block::read(resolution, newest, blob(row, 0)?) {
                    last_ns = last_ns.max(entry?.unpack()?.cell.at_ns);
                }
            }
        }
        Ok(last_ns)
    }
}
