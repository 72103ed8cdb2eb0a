//! Waiting for something that only shows by looking, with an end to patience.

use std::time::{Duration, Instant};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(25);

/// Looks until `look` finds something, and fails with `what` and the last thing that `look` complained of when patience ends.
#[track_caller]
pub(crate) fn until<T>(
    what: &str,
    patience: Duration,
    mut look: impl FnMut() -> Result<T, String>,
) -> T {
    let began = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(missing) if began.elapsed() > patience => {
                panic!("waited {patience:?} for {what} in vain: {missing}")
            }
            // Nobody tells: what is waited for shows in an answer of the program only.
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

/// Lets time pass where time itself is what a test is about (a recorder that is stopped for three seconds).
pub(crate) fn let_pass(span: Duration) {
    std::thread::sleep(span); // The span is the subject, no event stands for it.
}
