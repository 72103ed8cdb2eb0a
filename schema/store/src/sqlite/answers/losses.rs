//! Losses: those of a container and those of the hosts it lived on.

use bc_schema::store::LossRecord;
use bc_schema::{ContainerId, Loss, LossReason, Resolution, TimeRange};
use rusqlite::{Connection, Row};

use super::{lives, resolve};
use crate::facts;
use crate::sqlite::error::Failure;
use crate::sqlite::rows::{self, maybe_unsigned, signed, unsigned};

/// The losses asked for, by time.
pub(crate) fn losses(
    db: &Connection,
    id: Option<&ContainerId>,
    range: TimeRange,
) -> Result<Vec<LossRecord>, Failure> {
    let second_ns = Resolution::Second.ns();
    let span = (
        signed(range.from_ns.div_ceil(second_ns)),
        signed(range.to_ns.div_ceil(second_ns)),
    );
    let mut found = match id {
        None => all(db, span)?,
        Some(id) => {
            let resolved = resolve(db, id)?;
            let mut found = of(
                db,
                resolved
                    .as_ref()
                    .map_or(id, |container| &container.id)
                    .as_str(),
                span,
            )?;
            if let Some(container) = resolved {
                let mut lived = Vec::new();
                for life in lives(db, &container)? {
                    lived.push((ended_ns(db, life.no)?, life.key));
                }
                let of_hosts = of(db, "", span)?.into_iter();
                found.extend(of_hosts.filter(|loss| {
                    lived
                        .iter()
                        .any(|(ended_ns, life)| facts::touches(loss, life, *ended_ns))
                }));
            }
            found
        }
    };
    found.sort_by(|a, b| {
        let key = |loss: &Loss| (loss.second_ns, loss.reason, loss.recorder_ns);
        key(a)
            .cmp(&key(b))
            .then_with(|| (&a.host, &a.container).cmp(&(&b.host, &b.container)))
    });
    Ok(found)
}

fn all(db: &Connection, (from, to): (i64, i64)) -> Result<Vec<Loss>, Failure> {
    let mut find = db.prepare_cached(
        "SELECT host, recorder_ns, container, second, reason, count, cpu_ns FROM losses WHERE second >= ?1 AND second < ?2",
    )?;
    Ok(find
        .query_map((from, to), read)?
        .collect::<Result<_, _>>()?)
}

/// Those of one container, or (`""`) those of whole hosts.
fn of(db: &Connection, container: &str, (from, to): (i64, i64)) -> Result<Vec<Loss>, Failure> {
    let mut find = db.prepare_cached(
        "SELECT host, recorder_ns, container, second, reason, count, cpu_ns FROM losses WHERE container = ?1 AND second >= ?2 AND second < ?3",
    )?;
    Ok(find
        .query_map((container, from, to), read)?
        .collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Loss> {
    Ok(Loss {
        host: row.get(0)?,
        recorder_ns: unsigned(row, 1)?,
        container: ContainerId::new(row.get::<_, String>(2)?),
        second_ns: unsigned(row, 3)? * Resolution::Second.ns(),
        reason: rows::parsed(row, 4, |number: u8| {
            LossReason::ALL
                .iter()
                .copied()
                .find(|&reason| reason as u8 == number)
        })?,
        count: unsigned(row, 5)?,
        cpu_ns: unsigned(row, 6)?,
    })
}

fn ended_ns(db: &Connection, life: i64) -> Result<Option<u64>, Failure> {
    let mut find = db.prepare_cached("SELECT ended_ns FROM statements WHERE life = ?1")?;
    let mut found = find.query([life])?;
    Ok(found
        .next()?
        .map(|row| maybe_unsigned(row, 0))
        .transpose()?
        .flatten())
}
