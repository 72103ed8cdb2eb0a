//! What the first bucket of a curve counts from: the last sample before it that a row of the same or a coarser resolution still holds.
//! Retention takes the finer rows first, so what a finer row could tell, these tell too; and so its work makes no spike.

use bc_schema::Resolution;
use rustc_hash::FxHashMap;

use super::Account;
use crate::cell::Cell;
use crate::sqlite::answers::walk::Walk;
use crate::sqlite::error::Failure;

/// For each process and epoch that has buckets, the last sample before the first of them. `bases` are those known already; `firsts`, the
/// second that the first bucket of each begins in.
pub(in crate::sqlite::answers) fn bases(
    walk: Walk<'_>,
    resolution: Resolution,
    mut bases: FxHashMap<Account, Cell>,
    firsts: FxHashMap<Account, u64>,
) -> Result<FxHashMap<Account, Cell>, Failure> {
    let mut sought = firsts;
    sought.retain(|account, _| !bases.contains_key(account));
    for coarse in Resolution::COARSE
        .into_iter()
        .filter(|&coarse| coarse >= resolution)
    {
        find(walk, coarse, &mut sought, &mut bases)?;
    }
    Ok(bases)
}

/// Looks in the buckets of one resolution for what is sought, from the latest back to where the next coarser resolution knows as much.
fn find(
    walk: Walk<'_>,
    resolution: Resolution,
    sought: &mut FxHashMap<Account, u64>,
    bases: &mut FxHashMap<Account, Cell>,
) -> Result<(), Failure> {
    let (Some(first), Some(last)) = (sought.values().min(), sought.values().max()) else {
        return Ok(());
    };
    let length = resolution.seconds();
    let coarser = Resolution::COARSE
        .into_iter()
        .find(|&coarser| coarser > resolution);
    let from = coarser.map_or(0, |coarser| first - first % coarser.seconds()) / length;
    // Mostly the bucket just before knows everything; who finds nothing there was born since, or has a gap of unknown length.
    let (mut to, mut count) = (last / length, 1);
    while from < to && !sought.is_empty() {
        let window = to.saturating_sub(count).max(from);
        walk.blocks(resolution, window, to, |bucket, entry| {
            let account = (entry.process(), entry.epoch_ns()?);
            if sought
                .get(&account)
                .is_some_and(|second| bucket < second / length)
            {
                sought.remove(&account);
                bases.insert(account, entry.unpack()?.cell);
            }
            Ok(())
        })?;
        (to, count) = (window, count * 8);
    }
    Ok(())
}
