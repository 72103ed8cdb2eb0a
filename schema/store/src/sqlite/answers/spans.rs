//! How far each life's rows reach: what the cleaner plans by.

use bc_schema::Resolution;
use bc_schema::store::LifeSpan;
use rusqlite::Connection;

use crate::sqlite::error::Failure;
use crate::sqlite::rows::{self, maybe_unsigned, unsigned, unsigned_array};

/// Every life that has rows of a resolution that is not kept for ever.
pub(crate) fn life_spans(db: &Connection) -> Result<Vec<LifeSpan>, Failure> {
    // Each inner lookup goes to one place of a key: the first block of a resolution, and the first that is not folded into the next.
    let mut find = db.prepare_cached(
        "SELECT c.id, l.host, l.began_ns, l.last_record_ns, l.floor_second, l.floor_minute, l.floor_hour, l.floor_day,
                (SELECT bucket FROM blocks WHERE life = l.no AND resolution = 0 ORDER BY bucket LIMIT 1),
                (SELECT bucket FROM blocks WHERE life = l.no AND resolution = 1 ORDER BY bucket LIMIT 1),
                (SELECT bucket FROM blocks WHERE life = l.no AND resolution = 2 ORDER BY bucket LIMIT 1),
                (SELECT bucket FROM blocks WHERE life = l.no AND resolution = 3 ORDER BY bucket LIMIT 1),
                (SELECT bucket FROM blocks WHERE life = l.no AND resolution = 0 AND bucket >= l.sealed_minute ORDER BY bucket LIMIT 1),
                (SELECT bucket FROM blocks WHERE life = l.no AND resolution = 1 AND bucket >= l.sealed_hour / 60 ORDER BY bucket LIMIT 1),
                (SELECT bucket FROM blocks WHERE life = l.no AND resolution = 2 AND bucket >= l.sealed_day / 3600 ORDER BY bucket LIMIT 1),
                (SELECT min(first_second) FROM packs WHERE life = l.no
                 AND minute = (SELECT minute FROM packs WHERE life = l.no ORDER BY minute LIMIT 1))
         FROM lives l JOIN containers c ON c.no = l.container",
    )?;
    let mut found = find.query([])?;
    let mut spans = Vec::new();
    while let Some(row) = found.next()? {
        let floors: [u64; 4] = unsigned_array(row, 4)?;
        let mut first_bucket_ns = [None; 4];
        // The first second that only a finer resolution tells of yet.
        let mut unsealed: Option<u64> = None;
        for (index, resolution) in Resolution::ALL.into_iter().enumerate() {
            let length = resolution.seconds();
            let open = unsealed
                .map(|second| second / length)
                .filter(|&bucket| bucket >= floors[index]);
            let packed = match resolution {
                Resolution::Second => maybe_unsigned(row, 15)?,
                _ => None,
            };
            let first = maybe_unsigned(row, 8 + index)?
                .into_iter()
                .chain(packed)
                .chain(open)
                .min();
            first_bucket_ns[index] = first.map(|bucket| bucket * resolution.ns());
            if resolution < Resolution::Day {
                let next = maybe_unsigned(row, 12 + index)?.map(|bucket| bucket * length);
                unsealed = unsealed.into_iter().chain(next).min();
            }
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
