//! The conformance suite: what every store must do, stamped over each of them by a macro. What only one store can show is in a
//! file of its own (`tests/sqlite.rs`).

mod answers;
mod build;
mod facts;
mod history;
mod hostile;
mod lookup;
mod losses;
mod merging;
mod retention;
mod subject;
mod usage;

macro_rules! conformance {
    ($($module:ident :: $case:ident,)*) => {
        mod memory {
            $(#[tokio::test] async fn $case() { super::$module::$case(&super::subject::memory).await; })*
        }
        mod sqlite {
            $(#[tokio::test] async fn $case() { super::$module::$case(&super::subject::sqlite).await; })*
        }
    };
}

conformance! {
    merging::any_delivery_of_a_history_leaves_the_same_answers,
    merging::two_writers_leave_what_one_would,
    merging::readers_see_batches_whole,
    merging::nothing_written_is_nothing_changed,
}
