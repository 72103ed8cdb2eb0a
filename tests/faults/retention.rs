//! Retention on a full disk: what may go goes, with the space that was kept back for it, and there is room to write again.

#[path = "records.rs"]
#[allow(dead_code, reason = "the writer uses the rest")]
mod records;

use bc_schema::resolution::SECOND_NS;
use bc_schema::store::{PruneOrder, PruneStore, StoreError, WriteStore};
use bc_schema::{Batch, Resolution};
use bc_store::SqliteStore;

use crate::database::{assert_sound, dumped, seconds_of};
use crate::disk::Disk;
use records::{BEGAN_S, batch};

const SECONDS: u64 = 3_000;

#[tokio::test]
async fn old_records_can_be_removed_from_a_full_disk() {
    let disk = Disk::new();
    let database = disk.path().join("bubble-chamber.db");
    let store = SqliteStore::open_with_reserve(&database).expect("there is room");
    for minute in 0..SECONDS / 60 {
        let batches: Vec<Batch> = (minute * 60..minute * 60 + 60).map(batch).collect();
        store.write(&batches).await.expect("there is room");
    }
    // The store gives itself room by cutting its log; that is taken away too, until it has none.
    let mut next = SECONDS;
    let refused = loop {
        disk.fill();
        match store.write(&[batch(next)]).await {
            Ok(()) => next += 1,
            Err(refused) => break refused,
        }
        assert!(next < SECONDS + 1_000, "the disk does not get full");
    };
    assert!(
        matches!(refused, StoreError::Unavailable { .. }),
        "it passes: {refused}"
    );
    assert!(refused.to_string().contains("free some space"), "{refused}");

    let kept_from_s = BEGAN_S + next - 300;
    let order = PruneOrder {
        life: records::life(),
        resolution: Resolution::Second,
        before_ns: kept_from_s * SECOND_NS,
    };
    let removed = store.prune(&order).await.expect("room was kept back");
    assert!(removed > SECONDS, "{removed}");
    store.compact().await.expect("room was kept back");
    assert_sound(&disk.path());

    // The ballast is still there: the room is what was removed.
    for second in next..next + 30 {
        store
            .write(&[batch(second)])
            .await
            .expect("there is room again");
    }
    drop(store);
    assert_sound(&disk.path());
    let usage = dumped(
        &disk.path(),
        &["--container", "kept", "--resolution", "s", "--from", "0"],
    );
    let last = batch(next + 29)
        .samples
        .last()
        .expect("somebody lives")
        .process
        .to_string();
    let (seconds, _) = seconds_of(&usage, &last);
    assert!(seconds.contains(&(BEGAN_S + next + 29)), "{seconds:?}");
    let oldest = usage
        .iter()
        .filter_map(|line| line["bucket_ns"].as_u64())
        .min();
    assert_eq!(oldest, Some(kept_from_s * SECOND_NS));
    drop(disk.unmount());
}
