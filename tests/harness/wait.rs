//! Waiting for something that only shows by looking, with an end to patience.

use std::time::{Duration, Instant};

/// For what is sure to come. It costs nothing where it comes, and a busy machine or a slow disk may take its time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(25);

/// Looks until `look` finds something, and fails with `what` and the last thing that `look` complained of when patience ends.
#[track_caller]
pub(crate) fn until<T>(
    what: &str,
    patience: Duration,
    look: impl FnMut() -> Result<T, String>,
) -> T {
    match attempt(patience, look) {
        Ok(found) => found,
        Err(missing) => panic!("waited {patience:?} for {what} in vain: {missing}"),
    }
}

/// The same for those who go on without it.
pub(crate) fn attempt<T>(
    patience: Duration,
    mut look: impl FnMut() -> Result<T, String>,
) -> Result<T, String> {
    let began = Instant::now();
    loop {
        match look() {
            Err(_) if began.elapsed() <= patience => {
                // Nobody tells: what is waited for shows in an answer of the program only.
                std::thread::sleep(PAUSE);
            }
            looked => return looked,
        }
    }
}

/// Lets time pass where time itself is what a test is about (a recorder that is stopped for three seconds).
pub(crate) fn let_pass(span: Duration) {
    std::thread::sleep(span); // The span is the subject, no event stands for it.
}
