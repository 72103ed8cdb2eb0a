//! How far each life's rows reach: what the cleaner plans by.

use bc_schema::Resolution;
use bc_schema::store::LifeSpan;
use rusqlite::Connection;

use crate::sqlite::error::Failure;
use crate::sqlite::rows::{self, maybe_unsigned, number, unsigned};

/// Every life that has rows of a resolution that is not kept for ever.
pub(crate) fn life_spans(db: &Connection) -> Result<Vec<LifeSpan>, Failure> {
    // Each of the inner lookups goes to the first row of an index.
    let mut find = db.prepare_cached(
        "SELECT c.id, l.host, l.began_ns, l.last_record_ns, l.floor_minute, l.floor_hour, l.floor_day,
                (SELECT second FROM seconds WHERE life = l.no AND second >= l.sealed_second ORDER BY second LIMIT 1),
                (SELECT second FROM seconds WHERE life = l.no ORDER BY second LIMIT 1),
                (SELECT bucket FROM cells WHERE life = l.no AND resolution = ?1 ORDER BY bucket LIMIT 1),
                (SELECT bucket FROM cells WHERE life = l.no AND resolution = ?2 ORDER BY bucket LIMIT 1),
                (SELECT bucket FROM cells WHERE life = l.no AND resolution = ?3 ORDER BY bucket LIMIT 1)
         FROM lives l JOIN containers c ON c.no = l.container",
    )?;
    let mut found = find.query(Resolution::COARSE.map(number))?;
    let mut spans = Vec::new();
    while let Some(row) = found.next()? {
        let open_second = maybe_unsigned(row, 7)?;
        let mut first_bucket_ns = [
            maybe_unsigned(row, 8)?.map(|second| second * Resolution::Second.ns()),
            None,
            None,
            None,
        ];
        for (index, resolution) in Resolution::COARSE.into_iter().enumerate() {
            let floor = unsigned(row, 4 + index)?;
            // The open minute has no sealed rows yet, but it is there all the same.
            let open = open_second
                .map(|second| second / resolution.seconds())
                .filter(|&bucket| bucket >= floor);
            let first = maybe_unsigned(row, 9 + index)?
                .into_iter()
                .chain(open)
                .min();
            first_bucket_ns[resolution as usize] = first.map(|bucket| bucket * resolution.ns());
        }
        if first_bucket_ns[..3].iter().any(Option::is_some) {
            let life = rows::life_key(row, 1, rows::container_id(row, 0)?)?;
            spans.push(LifeSpan {
                life,
                last_record_ns: unsigned(row, 3)?,
                first_bucket_ns,
            });
        }
    }
    spans.sort_by(|a, b| a.life.cmp(&b.life));
    Ok(spans)
}
