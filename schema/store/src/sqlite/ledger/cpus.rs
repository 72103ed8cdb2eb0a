//! Writing CPU time by core: each second of a life as it comes, and when its minute is over, folded into the rows that are kept.
//!
//! A total belongs to the account that its process is known to be in when it comes; unlike samples, it does not move when a later
//! statement changes that.

use std::collections::BTreeMap;

use bc_schema::{CpuTotal, Resolution};
use rusqlite::OptionalExtension;

use super::Page;
use crate::sqlite::cpus::{self, Total};
use crate::sqlite::error::Failure;
use crate::sqlite::rows::{blob, number, signed, unsigned};

impl Page<'_> {
    /// Adds totals to the lives they belong to; those of processes whose start is not known yet wait.
    pub(super) fn count_cpus(&mut self, totals: &[CpuTotal]) -> Result<(), Failure> {
        let mut owned = Vec::with_capacity(totals.len());
        for said in totals {
            let process = self.process(said.process)?;
            let total = Total {
                process: process.no,
                cpu: said.cpu,
                epoch_ns: said.epoch_ns,
                bucket: said.at_ns / Resolution::Second.ns(),
                cpu_ns: said.cpu_ns,
            };
            match process.owner(said.at_ns) {
                Some(owner) => owned.push((owner.life, total)),
                None => {
                    process.bare = false;
                    self.let_cpu_wait(said.at_ns, &total)?;
                }
            }
        }
        self.add_cpus(owned)
    }

    /// Adds totals to lives, second by second.
    fn add_cpus(&mut self, mut owned: Vec<(i64, Total)>) -> Result<(), Failure> {
        owned.sort_unstable_by_key(|(life, total)| (*life, total.bucket));
        for of_life in owned.chunk_by(|a, b| a.0 == b.0) {
            let (life, last) = of_life[of_life.len() - 1];
            self.fold_cpus(life, last.bucket - last.bucket % 60)?;
            for of_second in of_life.chunk_by(|a, b| a.1.bucket == b.1.bucket) {
                let totals = of_second.iter().map(|(_, total)| *total).collect();
                self.put_cpu_head(life, of_second[0].1.bucket, totals)?;
            }
        }
        Ok(())
    }

    fn put_cpu_head(&self, life: i64, second: u64, mut totals: Vec<Total>) -> Result<(), Failure> {
        let mut find = self
            .db
            .prepare_cached("SELECT block FROM cpu_heads WHERE life = ?1 AND second = ?2")?;
        let known: Option<Vec<u8>> = find
            .query_row((life, signed(second)), |row| row.get(0))
            .optional()?;
        if let Some(known) = known {
            cpus::read(second, None, &known, &mut totals)?;
        }
        cpus::settle(&mut totals);
        let mut put = self.db.prepare_cached(
            "INSERT OR REPLACE INTO cpu_heads (life, second, block) VALUES (?1, ?2, ?3)",
        )?;
        put.execute((life, signed(second), cpus::pack(second, &totals)))?;
        Ok(())
    }

    /// Folds what a life has of the seconds before this one.
    pub(super) fn fold_cpus(&mut self, life: i64, before: u64) -> Result<(), Failure> {
        let mut totals = Vec::new();
        let mut find = self.db.prepare_cached(
            "SELECT second, block FROM cpu_heads WHERE life = ?1 AND second < ?2",
        )?;
        let mut found = find.query((life, signed(before)))?;
        while let Some(row) = found.next()? {
            cpus::read(unsigned(row, 0)?, None, blob(row, 1)?, &mut totals)?;
        }
        drop(found);
        if totals.is_empty() {
            return Ok(());
        }
        let mut finer = Resolution::Second;
        for resolution in Resolution::ALL {
            // The last total of a bucket is that of the last finer one in it: so each resolution is made of fewer.
            let buckets = resolution.seconds() / finer.seconds();
            totals.iter_mut().for_each(|total| total.bucket /= buckets);
            cpus::settle(&mut totals);
            finer = resolution;
            let floor = self.life(life)?.floors[resolution as usize];
            let row = |total: &Total| {
                let span = total.bucket / cpus::buckets_in_span(resolution);
                (span, cpus::part(total.process))
            };
            let mut rows: BTreeMap<(u64, u64), Vec<Total>> = BTreeMap::new();
            for of_row in totals.chunk_by(|a, b| row(a) == row(b)) {
                let kept = of_row.iter().filter(|total| total.bucket >= floor);
                rows.entry(row(&of_row[0])).or_default().extend(kept);
            }
            rows.retain(|_, totals| !totals.is_empty());
            for (row, totals) in rows {
                self.merge_cpus(life, resolution, row, totals)?;
            }
        }
        self.db
            .prepare_cached("DELETE FROM cpu_heads WHERE life = ?1 AND second < ?2")?
            .execute((life, signed(before)))?;
        Ok(())
    }

    fn merge_cpus(
        &self,
        life: i64,
        resolution: Resolution,
        (span, part): (u64, u64),
        mut totals: Vec<Total>,
    ) -> Result<(), Failure> {
        let first = span * cpus::buckets_in_span(resolution);
        let key = (life, number(resolution), signed(span), signed(part));
        let mut find = self.db.prepare_cached(
            "SELECT block FROM cpu_blocks WHERE life = ?1 AND resolution = ?2 AND span = ?3 AND part = ?4",
        )?;
        let known: Option<Vec<u8>> = find.query_row(key, |row| row.get(0)).optional()?;
        if let Some(known) = known {
            cpus::read(first, None, &known, &mut totals)?;
        }
        cpus::settle(&mut totals);
        let mut put = self.db.prepare_cached(
            "INSERT OR REPLACE INTO cpu_blocks (life, resolution, span, part, block) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        put.execute((key.0, key.1, key.2, key.3, cpus::pack(first, &totals)))?;
        Ok(())
    }

    /// Removes the rows all of whose buckets are before this one: what is left of a row that begins before it is not told of any more.
    pub(super) fn remove_cpus(
        &mut self,
        life: i64,
        resolution: Resolution,
        before: u64,
    ) -> Result<(), Failure> {
        // Before finer rows go, the coarser ones are made of them.
        self.fold_cpus(life, before.saturating_mul(resolution.seconds()))?;
        let mut delete = self.db.prepare_cached(
            "DELETE FROM cpu_blocks WHERE life = ?1 AND resolution = ?2 AND span < ?3",
        )?;
        let span = before / cpus::buckets_in_span(resolution);
        delete.execute((life, number(resolution), signed(span)))?;
        Ok(())
    }

    fn let_cpu_wait(&self, at_ns: u64, total: &Total) -> Result<(), Failure> {
        // Of two of one instant the larger; the values are unsigned, so that their bytes are compared.
        let mut put = self.db.prepare_cached(
            "INSERT INTO waiting_cpus (process, epoch_ns, cpu, at_ns, cpu_ns) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET cpu_ns = max(cpu_ns, excluded.cpu_ns)",
        )?;
        put.execute((
            signed(total.process),
            signed(total.epoch_ns),
            total.cpu,
            signed(at_ns),
            total.cpu_ns.to_be_bytes(),
        ))?;
        Ok(())
    }

    /// The start of a process is known now: its totals find their lives.
    pub(super) fn call_waiting_cpus(
        &mut self,
        process: &super::known::Process,
    ) -> Result<(), Failure> {
        let mut owned = Vec::new();
        let mut find = self.db.prepare_cached(
            "SELECT epoch_ns, cpu, at_ns, cpu_ns FROM waiting_cpus WHERE process = ?1",
        )?;
        let mut found = find.query([signed(process.no)])?;
        while let Some(row) = found.next()? {
            let at_ns = unsigned(row, 2)?;
            let total = Total {
                process: process.no,
                cpu: row.get(1)?,
                epoch_ns: unsigned(row, 0)?,
                bucket: at_ns / Resolution::Second.ns(),
                cpu_ns: u64::from_be_bytes(row.get(3)?),
            };
            owned.extend(process.owner(at_ns).map(|owner| (owner.life, total)));
        }
        drop(found);
        if !owned.is_empty() {
            self.db
                .prepare_cached("DELETE FROM waiting_cpus WHERE process = ?1")?
                .execute([signed(process.no)])?;
            self.add_cpus(owned)?;
        }
        Ok(())
    }
}
