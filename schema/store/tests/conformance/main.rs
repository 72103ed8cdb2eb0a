//! The conformance suite: what every store must do, stamped over each of them by a macro. What only one store can show is in a
//! file of its own (`tests/sqlite.rs`).

mod accounts;
mod answers;
mod build;
mod columns;
mod cpus;
mod facts;
mod history;
mod hostile;
mod levels;
mod lookup;
mod losses;
mod merging;
mod retention;
mod sleep;
mod subject;
mod sums;
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
    facts::the_later_statement_of_a_life_counts,
    facts::containers_are_found_by_user_and_host,
    facts::lives_of_one_container_stand_newest_first,
    facts::a_process_known_only_by_its_start_has_no_totals,
    facts::a_process_of_two_milliseconds_has_its_only_sample,
    facts::what_comes_before_its_start_is_kept_for_it,
    facts::an_end_that_was_seen_beats_one_that_was_deduced,
    facts::a_process_found_again_keeps_its_account,
    accounts::a_process_that_moves_has_an_account_in_each_container,
    accounts::a_start_that_comes_late_takes_its_samples_with_it,
    usage::usage_is_the_difference_of_totals,
    usage::usage_counts_from_the_baseline,
    usage::recorder_restarts_are_summed_over_epochs,
    usage::the_open_bucket_is_answered_at_every_resolution,
    usage::lost_samples_move_usage_and_lose_none,
    levels::what_is_unknown_is_not_zero,
    levels::the_highest_rss_of_a_bucket_is_kept,
    usage::a_sample_that_comes_late_takes_its_place,
    usage::of_two_samples_of_one_instant_the_larger_stands,
    usage::only_the_processes_and_buckets_asked_for,
    retention::keep_times_count_back_from_the_last_record,
    retention::pruning_makes_no_spike_and_loses_no_total,
    retention::an_ended_container_keeps_its_last_hour,
    retention::a_pruned_bucket_is_not_brought_back,
    accounts::what_moves_after_its_seconds_went_takes_its_buckets_along,
    retention::a_pruned_gap_stays_a_gap,
    retention::each_life_is_pruned_by_itself,
    retention::every_row_is_counted_once,
    retention::days_are_kept_for_ever,
    retention::orders_for_nothing_remove_nothing,
    sleep::what_held_is_not_spread,
    sleep::of_one_instant_what_held_longer_stands,
    sleep::a_life_that_was_seen_goes_on,
    sleep::an_end_taken_back_leaves_what_was_seen,
    sleep::a_range_of_seconds_knows_who_was_there_before,
    columns::minutes_in_columns_say_what_their_rows_say,
    cpus::each_core_has_a_curve_at_every_resolution,
    cpus::any_delivery_of_totals_leaves_the_same_curves,
    cpus::pruned_seconds_go_and_coarser_buckets_stay,
    cpus::the_largest_totals_are_safe,
    losses::restated_losses_count_once,
    losses::losses_touch_their_container_and_their_hosts_lives,
    lookup::containers_stand_by_their_last_record,
    lookup::search_takes_every_character_as_it_is,
    lookup::short_ids_name_64_digit_ids_alone,
    lookup::unknown_containers_are_empty_answers,
    lookup::processes_are_found_by_time_and_id,
    sums::sums_of_a_container_follow_its_processes,
    sums::what_failed_is_counted_whatever_was_said_first,
    hostile::any_text_comes_back_as_it_went_in,
    hostile::the_largest_numbers_are_safe,
}
