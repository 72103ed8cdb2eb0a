//! When a statement changes which account a process's records belong to: a start that comes after what it began, a process that moved
//! from one container to another. Rare, so it may be slow; but it must end as if everything had come in order.

use std::collections::BTreeSet;

use bc_schema::{ProcessId, Resolution};

use super::Page;
use super::known::{Account, Process};
use crate::facts::Window;
use crate::sqlite::block::{self, Entry};
use crate::sqlite::error::Failure;
use crate::sqlite::packed;
use crate::sqlite::rows::{blob, number, signed, unsigned};

/// Entries of a process taken out of blocks, by resolution.
type Withdrawn = [Vec<Entry>; 4];

impl Page<'_> {
    /// Brings everything of a process in line with its accounts, which were these before.
    pub(super) fn settle(&mut self, id: ProcessId, before: &[Account]) -> Result<(), Failure> {
        let process = self.settle_windows(id)?;
        self.call_waiting(&process)?;
        self.call_waiting_cpus(&process)?;
        self.rehome(&process, before)?;
        self.settle_ends(id, &process)?;
        let keeps =
            |old: &Account, new: &Account| new.covers(old) && new.entered_ns >= old.entered_ns;
        let lost = before
            .iter()
            .filter(|old| !process.accounts.iter().any(|new| keeps(old, new)));
        for life in lost.map(|old| old.life).collect::<BTreeSet<_>>() {
            self.recount_last_record(life)?;
        }
        Ok(())
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
        let windows = Window::of_entries(&entries);
        let accounts = order.into_iter().zip(windows);
        process.accounts = accounts
            .map(|((.., account), window)| Account { window, ..account })
            .collect();

        let mut put = self
            .db
            .prepare_cached("UPDATE accounts SET after_ns = ?3, until_ns = ?4 WHERE container = ?1 AND process = ?2")?;
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

    /// Adds the samples that came before the process's start did.
    fn call_waiting(&mut self, process: &Process) -> Result<(), Failure> {
        let mut owned = Vec::new();
        let mut find = self
            .db
            .prepare_cached("SELECT epoch_ns, sample FROM waiting WHERE process = ?1")?;
        let mut found = find.query([signed(process.no)])?;
        while let Some(row) = found.next()? {
            let cell = packed::unpack_sample(blob(row, 1)?)?;
            let entry = Entry {
                process: process.no,
                epoch_ns: unsigned(row, 0)?,
                cell,
            };
            owned.extend(process.owner(cell.at_ns).map(|owner| (owner.life, entry)));
        }
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
            let same = |new: &&Account| (new.container, new.life) == (old.container, old.life);
            let left = process.accounts.iter().find(same).map(|new| new.window);
            astray = astray || self.has_strays(process.no, old, left)?;
        }
        if !astray {
            return Ok(());
        }
        let mut all = Withdrawn::default();
        before
            .iter()
            .try_for_each(|old| self.withdraw(process.no, old.life, &mut all))?;
        let owner = |entry: &Entry| process.owner(entry.cell.at_ns).map(|owner| owner.life);
        for resolution in Resolution::COARSE.into_iter().rev() {
            let (finer, coarse) = all.split_at(resolution as usize);
            for entry in &coarse[0] {
                let Some(life) = owner(entry) else { continue };
                // A bucket that now is of two accounts is folded anew from what finer ones hold.
                let bucket = entry.cell.at_ns / resolution.ns();
                let inside = |part: &&Entry| {
                    (part.epoch_ns, part.cell.at_ns / resolution.ns()) == (entry.epoch_ns, bucket)
                };
                if finer
                    .iter()
                    .flatten()
                    .filter(inside)
                    .all(|part| owner(part) == Some(life))
                {
                    self.put_back(life, resolution, *entry)?;
                }
            }
        }
        self.add(
            all[0]
                .iter()
                .filter_map(|entry| Some((owner(entry)?, *entry)))
                .collect(),
        )
    }

    /// Merges what stood in a bucket into the same bucket of another life, and into the coarser ones that hold it.
    fn put_back(&mut self, life: i64, resolution: Resolution, entry: Entry) -> Result<(), Failure> {
        for coarse in Resolution::COARSE
            .into_iter()
            .filter(|&coarse| coarse >= resolution)
        {
            self.merge(life, coarse, entry.cell.at_ns / coarse.ns(), vec![entry])?;
        }
        self.record(life, entry.cell.at_ns)
    }

    /// Whether an account holds samples outside the window that is left of it.
    fn has_strays(
        &self,
        process: u64,
        old: &Account,
        left: Option<Window>,
    ) -> Result<bool, Failure> {
        if left.is_some_and(|left| left.covers(&old.window)) {
            return Ok(false);
        }
        // Mostly a process just came into its next container, and only the time since then has to be looked at.
        let from_ns = left
            .filter(|left| left.after_ns <= old.window.after_ns)
            .map_or(0, |left| left.until_ns);
        let mut found = false;
        self.each_block(
            old.life,
            process,
            from_ns,
            |resolution, bucket, _, block| {
                for entry in block::read(resolution, bucket, block) {
                    let entry = entry?;
                    if entry.process == process {
                        let at_ns = entry.unpack()?.cell.at_ns;
                        found |= left.is_none_or(|left| !left.contains(at_ns));
                    }
                }
                Ok(())
            },
        )?;
        let minute = from_ns / Resolution::Minute.ns();
        self.each_pack(old.life, minute, Some(process), |_, _, pack| {
            pack.entries(
                |other| other == process,
                |entry| {
                    found |= left.is_none_or(|left| !left.contains(entry.cell.at_ns));
                    Ok(())
                },
            )
        })?;
        Ok(found)
    }

    fn withdraw(&self, process: u64, life: i64, all: &mut Withdrawn) -> Result<(), Failure> {
        let mut rewritten = Vec::new();
        self.each_block(life, process, 0, |resolution, bucket, part, block| {
            let (mut others, mut taken) = (Vec::new(), false);
            for entry in block::read(resolution, bucket, block) {
                let entry = entry?.unpack()?;
                if entry.process == process {
                    all[resolution as usize].push(entry);
                    taken = true;
                } else {
                    others.push(entry);
                }
            }
            if taken {
                rewritten.push((resolution, bucket, part, others));
            }
            Ok(())
        })?;
        for (resolution, bucket, part, others) in rewritten {
            self.put_block(life, resolution, bucket, part, &others)?;
        }
        self.withdraw_from_packs(process, life, &mut all[Resolution::Second as usize])
    }

    fn withdraw_from_packs(
        &self,
        process: u64,
        life: i64,
        taken: &mut Vec<Entry>,
    ) -> Result<(), Failure> {
        let mut rewritten = Vec::new();
        self.each_pack(life, 0, Some(process), |minute, part, pack| {
            let (mut others, before) = (Vec::new(), taken.len());
            pack.entries(
                |_| true,
                |entry| {
                    let place = if entry.process == process {
                        &mut *taken
                    } else {
                        &mut others
                    };
                    place.push(entry);
                    Ok(())
                },
            )?;
            if taken.len() > before {
                rewritten.push((minute, part, others));
            }
            Ok(())
        })?;
        for (minute, part, others) in rewritten {
            self.put_pack(life, minute, part, &others)?;
        }
        Ok(())
    }

    /// Calls `each` with every block of a life that may hold a process, from a time on: resolution, bucket, part, bytes.
    fn each_block(
        &self,
        life: i64,
        process: u64,
        from_ns: u64,
        mut each: impl FnMut(Resolution, u64, u64, &[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut find = self.db.prepare_cached(
            "SELECT bucket, block FROM blocks WHERE life = ?1 AND resolution = ?2 AND bucket >= ?3 AND part = ?4",
        )?;
        for resolution in Resolution::ALL {
            let part = block::part(resolution, process);
            let mut found = find.query((
                life,
                number(resolution),
                signed(from_ns / resolution.ns()),
                signed(part),
            ))?;
            while let Some(row) = found.next()? {
                each(resolution, unsigned(row, 0)?, part, blob(row, 1)?)?;
            }
        }
        Ok(())
    }
}

impl Account {
    /// Whether it holds at least what another held.
    fn covers(&self, old: &Account) -> bool {
        (self.container, self.life) == (old.container, old.life) && self.window.covers(&old.window)
    }
}
