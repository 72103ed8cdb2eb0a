//! Rows that refer to each other: each reference leads somewhere, and facts read back as what they are.

use rusqlite::Connection;

use super::Report;
use crate::sqlite::error::Failure;
use crate::sqlite::outcome;
use crate::sqlite::rows::unsigned;

/// What is wrong, and which rows are: each statement finds their number and one of them.
const WRONG: &[(&str, &str)] = &[
    (
        "lives of a container that is not there; one is life",
        "SELECT count(*), min(l.no) FROM lives l LEFT JOIN containers c ON c.no = l.container WHERE c.no IS NULL",
    ),
    (
        "statements of a life that is not there; one is of life",
        "SELECT count(*), min(s.life) FROM statements s LEFT JOIN lives l ON l.no = s.life WHERE l.no IS NULL",
    ),
    (
        "lives whose last record is before their beginning; one is life",
        "SELECT count(*), min(no) FROM lives WHERE last_record_ns < began_ns",
    ),
    (
        "accounts of a process that is not there; one is of process",
        "SELECT count(*), min(a.process) FROM accounts a LEFT JOIN processes p ON p.no = a.process WHERE p.no IS NULL",
    ),
    (
        "accounts in a life that is not there, or not of their container; one is of process",
        "SELECT count(*), min(a.process) FROM accounts a LEFT JOIN lives l ON l.no = a.life WHERE l.container IS NOT a.container",
    ),
    (
        "execs of a process that is not there; one is of process",
        "SELECT count(*), min(e.process) FROM execs e LEFT JOIN processes p ON p.no = e.process WHERE p.no IS NULL",
    ),
    (
        "ends of a process that is not there; one is of process",
        "SELECT count(*), min(e.process) FROM ends e LEFT JOIN processes p ON p.no = e.process WHERE p.no IS NULL",
    ),
    (
        "waiting samples of a process that is not there; one is of process",
        "SELECT count(*), min(w.process) FROM waiting w LEFT JOIN processes p ON p.no = w.process WHERE p.no IS NULL",
    ),
    (
        "blocks of a life that is not there; one is of life",
        "SELECT count(*), min(b.life) FROM blocks b LEFT JOIN lives l ON l.no = b.life WHERE l.no IS NULL",
    ),
    (
        "packs of a life that is not there; one is of life",
        "SELECT count(*), min(b.life) FROM packs b LEFT JOIN lives l ON l.no = b.life WHERE l.no IS NULL",
    ),
    (
        "seconds that stand in a block, and are in a packed minute; one is of life",
        "SELECT count(*), min(b.life) FROM blocks b JOIN lives l ON l.no = b.life WHERE b.resolution = 0 AND b.bucket < l.packed_minute * 60",
    ),
    (
        "ids of processes of another length than 16 bytes; one is of process",
        "SELECT count(*), min(no) FROM processes WHERE length(id) <> 16",
    ),
];

pub(super) fn check(db: &Connection, report: &mut Report) -> Result<(), Failure> {
    let count = |table: &str| db.query_row(table, [], |row| unsigned(row, 0));
    report.lives = count("SELECT count(*) FROM lives")?;
    report.processes = count("SELECT count(*) FROM processes")?;
    for (what, find) in WRONG {
        let (number, example): (u64, Option<i64>) =
            db.query_row(find, [], |row| Ok((unsigned(row, 0)?, row.get(1)?)))?;
        if let (1.., Some(example)) = (number, example) {
            report.problem(format!("{number} {what} {example}"));
        }
    }
    outcomes(db, report)
}

/// What the rows of accounts say of their ends, against the ends.
fn outcomes(db: &Connection, report: &mut Report) -> Result<(), Failure> {
    let (mut wrong, mut example) = (0_u64, None);
    outcome::each(db, |(_, process), said, is| {
        if said != is {
            wrong += 1;
            example.get_or_insert(process);
        }
        Ok(())
    })?;
    if let Some(example) = example {
        report.problem(format!(
            "{wrong} accounts that ended otherwise than they say; one is of process {example}"
        ));
    }
    Ok(())
}
