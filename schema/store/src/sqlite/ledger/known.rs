//! What the ledger remembers of lives and processes, so that a sample of a known process asks the database nothing.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;
use std::hash::BuildHasher;

use bc_schema::{ContainerId, LifeKey, ProcessId, Resolution, Sample};
use rusqlite::{Connection, OptionalExtension, params};
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::Page;
use crate::facts::Window;
use crate::sqlite::error::Failure;
use crate::sqlite::rows::{self, signed, unsigned};

/// Rows of lives and processes, as they stand in the running transaction.
#[derive(Debug, Default)]
pub(super) struct Known {
    life_numbers: HashMap<LifeKey, i64>,
    pub(super) lives: FxHashMap<i64, Life>,
    pub(super) processes: FxHashMap<ProcessId, Process>,
}

/// A row of `lives`.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) container: i64,
    pub(super) id: ContainerId,
    pub(super) began_ns: u64,
    pub(super) last_record_ns: u64,
    /// When it was last seen whole; 0: never.
    pub(super) seen_ns: u64,
    /// For each coarse resolution, the second before which everything is folded into its blocks.
    pub(super) sealed: [u64; 3],
    /// The minute before which all seconds are packed.
    pub(super) packed: u64,
    /// For each resolution, the first bucket that rows are kept of.
    pub(super) floors: [u64; 4],
    /// Differs from its row.
    pub(super) changed: bool,
}

/// A row of `processes` with its accounts, in the order of their entries.
#[derive(Debug, Clone)]
pub(super) struct Process {
    pub(super) no: u64,
    /// Nothing but its number is stored of it.
    pub(super) bare: bool,
    pub(super) accounts: Vec<Account>,
    /// The hash of its latest sample.
    latest: Option<u64>,
}

/// What of a row of `accounts` decides where a record belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) container: i64,
    pub(super) life: i64,
    pub(super) entered_ns: u64,
    pub(super) window: Window,
}

impl Known {
    /// More is remembered than pays: time to begin anew. Processes are forgotten as they end, so this is a machine with very many.
    pub(super) fn is_large(&self) -> bool {
        self.processes.len() > 65_536 || self.lives.len() > 4_096
    }
}

impl Life {
    /// The second before which everything is folded into the blocks of a coarse resolution.
    pub(super) fn sealed(&self, resolution: Resolution) -> u64 {
        self.sealed[resolution as usize - 1]
    }
}

impl Process {
    /// The account that a record of this time belongs to.
    pub(super) fn owner(&self, at_ns: u64) -> Option<Account> {
        self.accounts
            .iter()
            .copied()
            .find(|account| account.window.contains(at_ns))
    }

    /// Takes note of a sample; false if it is the latest once more, and changes nothing. A recorder sends the last sample of a minute again with
    /// the first one of the next, when the minute is packed already.
    pub(super) fn learns(&mut self, sample: &Sample) -> bool {
        // All but what it closes, which is not stored.
        let times = [sample.at_ns, sample.epoch_ns, sample.held_ns];
        let said = (times, sample.metrics, sample.max_rss_bytes);
        let hash = Some(FxBuildHasher.hash_one(said));
        std::mem::replace(&mut self.latest, hash) != hash
    }
}

impl Page<'_> {
    /// The process's row; made if there is none.
    pub(super) fn process(&mut self, id: ProcessId) -> Result<&mut Process, Failure> {
        Ok(match self.known.processes.entry(id) {
            Place::Occupied(known) => known.into_mut(),
            Place::Vacant(new) => new.insert(load_process(self.db, id)?),
        })
    }

    /// The life's number; its row is made if there is none.
    pub(super) fn life_number(&mut self, key: &LifeKey) -> Result<i64, Failure> {
        if let Some(&no) = self.known.life_numbers.get(key) {
            return Ok(no);
        }
        let container = self.container_number(&key.container)?;
        let mut find = self.db.prepare_cached(
            "SELECT no FROM lives WHERE container = ?1 AND host = ?2 AND began_ns = ?3",
        )?;
        let found: Option<i64> = find
            .query_row((container, &key.host, signed(key.began_ns)), |row| {
                row.get(0)
            })
            .optional()?;
        let no = match found {
            Some(no) => no,
            None => {
                let mut make = self.db.prepare_cached(
                    "INSERT INTO lives (container, host, began_ns, last_record_ns, sealed_minute, sealed_hour, sealed_day,
                                        floor_second, floor_minute, floor_hour, floor_day)
                     VALUES (?1, ?2, ?3, ?3, 0, 0, 0, 0, 0, 0, 0)",
                )?;
                make.insert((container, &key.host, signed(key.began_ns)))?
            }
        };
        self.known.life_numbers.insert(key.clone(), no);
        Ok(no)
    }

    /// The life of this number, to be changed.
    pub(super) fn life(&mut self, no: i64) -> Result<&mut Life, Failure> {
        if !self.known.lives.contains_key(&no) {
            let life = load_life(self.db, no)?;
            self.known.lives.insert(no, life);
        }
        Ok(self.known.lives.get_mut(&no).expect("inserted above"))
    }

    /// A record of a life at this time: retention counts back from the last.
    pub(super) fn record(&mut self, life: i64, at_ns: u64) -> Result<(), Failure> {
        let life = self.life(life)?;
        if life.last_record_ns < at_ns {
            life.last_record_ns = at_ns;
            life.changed = true;
        }
        Ok(())
    }

    /// Writes the rows of the lives that changed.
    pub(super) fn put_lives(&mut self) -> Result<(), Failure> {
        let mut put = self.db.prepare_cached(
            "UPDATE lives SET last_record_ns = ?2, sealed_minute = ?3, sealed_hour = ?4, sealed_day = ?5,
                              floor_second = ?6, floor_minute = ?7, floor_hour = ?8, floor_day = ?9, seen_ns = ?10,
                              packed_minute = ?11
             WHERE no = ?1",
        )?;
        for (no, life) in self.known.lives.iter_mut().filter(|(_, life)| life.changed) {
            let (sealed, floors) = (life.sealed.map(signed), life.floors.map(signed));
            put.execute(params![
                no,
                signed(life.last_record_ns),
                sealed[0],
                sealed[1],
                sealed[2],
                floors[0],
                floors[1],
                floors[2],
                floors[3],
                signed(life.seen_ns),
                signed(life.packed),
            ])?;
            life.changed = false;
        }
        Ok(())
    }

    fn container_number(&mut self, id: &ContainerId) -> Result<i64, Failure> {
        let mut find = self
            .db
            .prepare_cached("SELECT no FROM containers WHERE id = ?1")?;
        if let Some(no) = find.query_row([id.as_str()], |row| row.get(0)).optional()? {
            return Ok(no);
        }
        Ok(self
            .db
            .prepare_cached("INSERT INTO containers (id, short) VALUES (?1, ?2)")?
            .insert((id.as_str(), id.short()))?)
    }
}

fn load_process(db: &Connection, id: ProcessId) -> Result<Process, Failure> {
    let mut find = db.prepare_cached("SELECT no FROM processes WHERE id = ?1")?;
    let Some(no) = find
        .query_row([id.0], |row| row.get::<_, i64>(0))
        .optional()?
    else {
        let no = db
            .prepare_cached("INSERT INTO processes (id) VALUES (?1)")?
            .insert([id.0])?;
        return Ok(Process {
            no: no.cast_unsigned(),
            bare: true,
            accounts: Vec::new(),
            latest: None,
        });
    };
    let mut find = db.prepare_cached(
        "SELECT container, life, entered_ns, after_ns, until_ns FROM accounts WHERE process = ?1",
    )?;
    let read = find.query_map([no], |row| {
        Ok(Account {
            container: row.get(0)?,
            life: row.get(1)?,
            entered_ns: unsigned(row, 2)?,
            window: rows::window(row, 3)?,
        })
    })?;
    let mut accounts = read.collect::<Result<Vec<_>, _>>()?;
    accounts.sort_by_key(|account| {
        (
            account.entered_ns,
            account.window.after_ns,
            account.window.until_ns,
        )
    });
    Ok(Process {
        no: no.cast_unsigned(),
        bare: false,
        accounts,
        latest: None,
    })
}

fn load_life(db: &Connection, no: i64) -> Result<Life, Failure> {
    let mut find = db.prepare_cached(
        "SELECT l.container, c.id, l.began_ns, l.last_record_ns, l.sealed_minute, l.sealed_hour, l.sealed_day,
                l.floor_second, l.floor_minute, l.floor_hour, l.floor_day, l.seen_ns,
                l.packed_minute
         FROM lives l JOIN containers c ON c.no = l.container WHERE l.no = ?1",
    )?;
    Ok(find.query_row([no], |row| {
        Ok(Life {
            container: row.get(0)?,
            id: rows::container_id(row, 1)?,
            began_ns: unsigned(row, 2)?,
            last_record_ns: unsigned(row, 3)?,
            sealed: rows::unsigned_array(row, 4)?,
            floors: rows::unsigned_array(row, 7)?,
            seen_ns: unsigned(row, 11)?,
            packed: unsigned(row, 12)?,
            changed: false,
        })
    })?)
}
