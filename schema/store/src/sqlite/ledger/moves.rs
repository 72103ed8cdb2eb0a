//! When a statement changes which account a process's records belong to: a start that comes after what it began, a process that moved
//! from one container to another. Rare, so it may be slow; but it must end as if everything had come in order.

use std::collections::BTreeSet;

use bc_schema::{ProcessId, Resolution};
use rusqlite::OptionalExtension;

use super::Page;
use super::known::{Account, Process};
use crate::cell::Cell;
use crate::facts::Window;
use crate::sqlite::error::Failure;
use crate::sqlite::packed::{self, Entry};
use crate::sqlite::rows::{self, number, signed, unsigned};

/// Everything that is stored of a process's samples, taken out of its rows.
#[derive(Default)]
struct Withdrawn {
    seconds: Vec<Entry>,
    cells: Vec<(Resolution, u64, u64, Cell)>,
    heads: Vec<(u64, u64, Cell)>,
}

impl Page<'_> {
    /// Brings everything of a process in line with its accounts, which were these before.
    pub(super) fn settle(&mut self, id: ProcessId, before: &[Account]) -> Result<(), Failure> {
        let process = self.settle_windows(id)?;
        self.call_waiting(&process)?;
        self.rehome(&process, before)?;
        self.settle_ends(&process)?;
        let lost = |old: &&Account| {
            !process
                .accounts
                .iter()
                .any(|new| new.covers(old) && new.entered_ns >= old.entered_ns)
        };
        for life in before
            .iter()
            .filter(lost)
            .map(|old| old.life)
            .collect::<BTreeSet<_>>()
        {
            self.recount_last_record(life)?;
        }
        process
            .accounts
            .iter()
            .try_for_each(|account| self.recount_cpu(account.container, process.no))
    }

    fn settle_windows(&mut self, id: ProcessId) -> Result<Process, Failure> {
        let mut process = self.process(id)?.clone();
        let mut order = Vec::new();
        for account in &process.accounts {
            order.push((
                account.entered_ns,
                self.life(account.life)?.id.clone(),
                *account,
            ));
        }
        order.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let entries: Vec<_> = order.iter().map(|(entered_ns, ..)| *entered_ns).collect();
        process.accounts = order
            .into_iter()
            .zip(Window::of_entries(&entries))
            .map(|((.., account), window)| Account { window, ..account })
            .collect();
        let mut put = self.db.prepare_cached("UPDATE accounts SET after_ns = ?3, until_ns = ?4 WHERE container = ?1 AND process = ?2")?;
        for Account {
            container, window, ..
        } in &process.accounts
        {
            put.execute((
                container,
                signed(process.no),
                window.after_ns.map(signed),
                signed(window.until_ns),
            ))?;
        }
        self.known.processes.insert(id, process.clone());
        Ok(process)
    }

    /// Which accounts are over, and what records its execs and ends are.
    fn settle_ends(&mut self, process: &Process) -> Result<(), Failure> {
        let mut put = self.db.prepare_cached(
            "UPDATE accounts SET open = ?3 WHERE container = ?1 AND process = ?2",
        )?;
        let ends = self.instants("SELECT at_ns FROM ends WHERE process = ?1", process.no)?;
        let execs = self.instants("SELECT at_ns FROM execs WHERE process = ?1", process.no)?;
        for account in &process.accounts {
            let inside = |at_ns: &&u64| account.window.contains(**at_ns);
            put.execute((
                account.container,
                signed(process.no),
                !ends.iter().any(|at_ns| inside(&at_ns)),
            ))?;
            for &at_ns in ends.iter().chain(&execs).filter(inside) {
                self.record(account.life, at_ns)?;
            }
        }
        Ok(())
    }

    fn instants(&self, of: &'static str, process: u64) -> Result<Vec<u64>, Failure> {
        Ok(self
            .db
            .prepare_cached(of)?
            .query_map([signed(process)], |row| unsigned(row, 0))?
            .collect::<Result<_, _>>()?)
    }

    /// Adds the samples that came before the process's start did.
    fn call_waiting(&mut self, process: &Process) -> Result<(), Failure> {
        let mut owned = Vec::new();
        let mut find = self
            .db
            .prepare_cached("SELECT epoch_ns, cell FROM waiting WHERE process = ?1")?;
        let mut found = find.query([signed(process.no)])?;
        while let Some(row) = found.next()? {
            let cell =
                packed::unpack_waiting(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?)?;
            let entry = Entry {
                process: process.no,
                epoch_ns: unsigned(row, 0)?,
                cell,
            };
            owned.extend(process.owner(cell.at_ns).map(|owner| (owner.life, entry)));
        }
        drop(found);
        if !owned.is_empty() {
            self.db
                .prepare_cached("DELETE FROM waiting WHERE process = ?1")?
                .execute([signed(process.no)])?;
            self.add(owned)?;
        }
        Ok(())
    }

    /// Moves samples out of accounts that they no longer belong to.
    fn rehome(&mut self, process: &Process, before: &[Account]) -> Result<(), Failure> {
        let mut astray = false;
        for old in before {
            let new = process
                .accounts
                .iter()
                .find(|new| (new.container, new.life) == (old.container, old.life));
            astray |= self.has_strays(process.no, old, new.map(|new| new.window))?;
        }
        if !astray {
            return Ok(());
        }
        let mut all = Withdrawn::default();
        before
            .iter()
            .try_for_each(|old| self.withdraw(process.no, old, &mut all))?;
        let life = |at_ns: u64| process.owner(at_ns).map(|owner| owner.life);
        self.add(
            all.seconds
                .iter()
                .filter_map(|entry| Some((life(entry.cell.at_ns)?, *entry)))
                .collect(),
        )?;
        for (resolution, bucket, epoch_ns, cell) in all.cells {
            let Some(owner) = process.owner(cell.at_ns) else {
                continue;
            };
            // A bucket that now is of two accounts was folded anew from its seconds, as far as they are kept.
            let inside = |entry: &&Entry| {
                (entry.epoch_ns, entry.cell.at_ns / resolution.ns()) == (epoch_ns, bucket)
            };
            if all
                .seconds
                .iter()
                .filter(inside)
                .all(|entry| life(entry.cell.at_ns) == Some(owner.life))
            {
                self.merge_cell(owner.life, resolution, bucket, process.no, epoch_ns, &cell)?;
            }
        }
        for (epoch_ns, first_second, head) in all.heads {
            if let Some(owner) = process.owner(head.at_ns) {
                self.merge_head(owner.container, process.no, epoch_ns, first_second, &head)?;
            }
        }
        Ok(())
    }

    /// Whether an account holds samples outside the window that is left of it.
    fn has_strays(
        &self,
        process: u64,
        old: &Account,
        left: Option<Window>,
    ) -> Result<bool, Failure> {
        let stray = |at_ns: u64| left.is_none_or(|left| !left.contains(at_ns));
        if left.is_some_and(|left| left.covers(&old.window)) {
            return Ok(false);
        }
        // Mostly a process just came into its next container, and only the seconds since then have to be looked at.
        let from = left
            .filter(|left| left.after_ns <= old.window.after_ns)
            .map_or(0, |left| left.until_ns / Resolution::Second.ns());
        let mut found = false;
        self.blocks(old.life, from, |second, block| {
            packed::unpack_block(
                second,
                block,
                |number| number == process,
                |entry| found |= stray(entry.cell.at_ns),
            )
        })?;
        let mut find = self.db.prepare_cached(
            "SELECT epoch_ns, head, first_second FROM heads WHERE container = ?1 AND process = ?2",
        )?;
        let mut heads = find.query((old.container, signed(process)))?;
        while let Some(row) = heads.next()? {
            let (_, head) = rows::head(row, 0)?;
            found |= stray(head.at_ns)
                || stray(unsigned(row, 2)?.saturating_mul(Resolution::Second.ns()));
        }
        Ok(found)
    }

    fn withdraw(
        &self,
        process: u64,
        account: &Account,
        all: &mut Withdrawn,
    ) -> Result<(), Failure> {
        let mut left = Vec::new();
        self.blocks(account.life, 0, |second, block| {
            let (mut others, known) = (Vec::new(), all.seconds.len());
            packed::unpack_block(
                second,
                block,
                |_| true,
                |entry| {
                    if entry.process == process {
                        all.seconds.push(entry)
                    } else {
                        others.push(entry)
                    }
                },
            )?;
            if all.seconds.len() > known {
                left.push((second, others));
            }
            Ok(())
        })?;
        left.iter()
            .try_for_each(|(second, others)| self.put_block(account.life, *second, others))?;

        for resolution in Resolution::COARSE {
            let mut take = self
                .db
                .prepare_cached("DELETE FROM cells WHERE life = ?1 AND resolution = ?2 AND process = ?3 RETURNING bucket, epoch_ns, cell")?;
            let mut taken = take.query((account.life, number(resolution), signed(process)))?;
            while let Some(row) = taken.next()? {
                let bucket = unsigned(row, 0)?;
                let cell = packed::unpack_in(
                    row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?,
                    resolution,
                    bucket,
                )?;
                all.cells
                    .push((resolution, bucket, unsigned(row, 1)?, cell));
            }
        }
        let mut take =
            self.db.prepare_cached("DELETE FROM heads WHERE container = ?1 AND process = ?2 RETURNING epoch_ns, head, first_second")?;
        let mut taken = take.query((account.container, signed(process)))?;
        while let Some(row) = taken.next()? {
            let (epoch_ns, head) = rows::head(row, 0)?;
            all.heads.push((epoch_ns, unsigned(row, 2)?, head));
        }
        Ok(())
    }

    fn blocks(
        &self,
        life: i64,
        from: u64,
        mut each: impl FnMut(u64, &[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut find = self
            .db
            .prepare_cached("SELECT second, block FROM seconds WHERE life = ?1 AND second >= ?2")?;
        let mut found = find.query((life, signed(from)))?;
        while let Some(row) = found.next()? {
            each(
                unsigned(row, 0)?,
                row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?,
            )?;
        }
        Ok(())
    }

    /// Finds a life's last record again, where what had been the last may be taken back.
    pub(super) fn recount_last_record(&mut self, no: i64) -> Result<(), Failure> {
        let life = self.life(no)?;
        let (container, mut last_ns) = (life.container, life.began_ns);
        let mut find = self
            .db
            .prepare_cached("SELECT ended_ns FROM statements WHERE life = ?1")?;
        let ended_ns = find
            .query_row([no], |row| rows::maybe_unsigned(row, 0))
            .optional()?
            .flatten();
        last_ns = last_ns.max(ended_ns.unwrap_or(0));

        let mut find = self.db.prepare_cached(
            "SELECT process, entered_ns, after_ns, until_ns FROM accounts WHERE container = ?1 AND life = ?2",
        )?;
        let mut accounts = find.query((container, no))?;
        while let Some(row) = accounts.next()? {
            let (process, window) = (unsigned(row, 0)?, rows::window(row, 2)?);
            last_ns = last_ns.max(unsigned(row, 1)?);
            let ends = self.instants("SELECT at_ns FROM ends WHERE process = ?1", process)?;
            let execs = self.instants("SELECT at_ns FROM execs WHERE process = ?1", process)?;
            let facts = ends
                .into_iter()
                .chain(execs)
                .filter(|&at_ns| window.contains(at_ns));
            last_ns = facts.fold(last_ns, u64::max);
            let mut find = self.db.prepare_cached(
                "SELECT epoch_ns, head FROM heads WHERE container = ?1 AND process = ?2",
            )?;
            let mut heads = find.query((container, signed(process)))?;
            while let Some(row) = heads.next()? {
                last_ns = last_ns.max(rows::head(row, 0)?.1.at_ns);
            }
        }
        let sealed = self.life(no)?.sealed;
        self.blocks(no, sealed, |second, block| {
            packed::unpack_block(
                second,
                block,
                |_| true,
                |entry| last_ns = last_ns.max(entry.cell.at_ns),
            )
        })?;
        let life = self.life(no)?;
        life.changed |= life.last_record_ns != last_ns;
        life.last_record_ns = last_ns;
        Ok(())
    }
}

impl Account {
    /// Whether it holds at least what another held.
    fn covers(&self, old: &Account) -> bool {
        (self.container, self.life) == (old.container, old.life) && self.window.covers(&old.window)
    }
}
