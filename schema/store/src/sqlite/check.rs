//! Looking a database over from end to end, from one state of it, while others may write: SQLite's own check, then ours of what only we
//! know. Nothing is changed, and nothing repaired.

mod blocks;
mod relations;
mod sums;

use std::path::Path;

use bc_schema::store::StoreError;
use rusqlite::Connection;

use super::connection;
use super::error::Failure;
use super::file;

/// Problems that are told one by one; of more, the number is enough.
const TOLD: usize = 50;

/// What is being looked at, and how far that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looking {
    /// SQLite checks its pages and indexes.
    AtPages,
    /// Which rows refer to which.
    AtRelations,
    /// What is packed is unpacked.
    AtBlocks {
        /// So many are done,
        done: u64,
        /// of so many.
        of: u64,
    },
    /// Coarse buckets against the finer ones they were made of.
    AtSums {
        /// So many lives are done,
        done: u64,
        /// of so many.
        of: u64,
    },
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Lives of containers.
    pub lives: u64,
    /// Processes.
    pub processes: u64,
    /// Packed blocks that were unpacked.
    pub blocks: u64,
    /// Sums of a coarse bucket that were compared with those of the finer ones in it.
    pub sums: u64,
    /// What is wrong, each in a sentence.
    pub problems: Vec<String>,
    /// Further problems that are only counted.
    pub further_problems: u64,
}

impl Report {
    /// Nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    fn problem(&mut self, what: impl Into<String>) {
        if self.problems.len() < TOLD {
            self.problems.push(what.into());
        } else {
            self.further_problems += 1;
        }
    }
}

/// Looks over the database in `file`, and tells `progress` how far it is. Fails where there is none of this version to look at.
pub fn check(file: &Path, progress: &mut dyn FnMut(Looking)) -> Result<Report, StoreError> {
    file::to_be_read(file)?;
    let mut report = Report::default();
    let mut look = || -> Result<(), Failure> {
        let mut connection = connection::reader(file)?;
        let snapshot = connection.transaction()?;
        all(&snapshot, &mut report, progress)
    };
    match look() {
        // What cannot be read is what was looked for; a disk that fails or a lock in the way is not.
        Err(failure) if failure.is_damage() => report.problem(failure.to_string()),
        looked => looked.map_err(|failure| failure.into_store_error("check", file))?,
    }
    Ok(report)
}

fn all(
    db: &Connection,
    report: &mut Report,
    progress: &mut dyn FnMut(Looking),
) -> Result<(), Failure> {
    progress(Looking::AtPages);
    pages(db, report)?;
    if !report.is_sound() {
        // On damaged pages, the rest would only find the same again in other words.
        return Ok(());
    }
    progress(Looking::AtRelations);
    relations::check(db, report)?;
    blocks::check(db, report, progress)?;
    sums::check(db, report, progress)
}

fn pages(db: &Connection, report: &mut Report) -> Result<(), Failure> {
    let mut find = db.prepare(&format!("PRAGMA integrity_check({TOLD})"))?;
    let mut found = find.query([])?;
    while let Some(row) = found.next()? {
        let line: String = row.get(0)?;
        if line != "ok" {
            report.problem(format!("SQLite: {}", line.replace('\n', " ")));
        }
    }
    Ok(())
}
