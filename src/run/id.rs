//! A name for a run that was given none: readable, sorted by time, and not used before.

use std::time::{SystemTime, UNIX_EPOCH};

use bc_schema::ContainerId;

/// `run-<UTC time>-<four random letters>`.
pub(crate) fn new() -> ContainerId {
    let now_s = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let letters = std::array::from_fn(|_| rand::random_range(b'a'..=b'z') as char);
    of(now_s, letters)
}

fn of(now_s: u64, letters: [char; 4]) -> ContainerId {
    let (day, time) = (now_s / 86_400, now_s % 86_400);
    let (year, month, day) = civil(day);
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    let letters = String::from_iter(letters);
    ContainerId::new(format!(
        "run-{year:04}{month:02}{day:02}t{hour:02}{minute:02}{second:02}z-{letters}"
    ))
    .expect("it is short and plain")
}

/// The date of a day since 1970-01-01, in the Gregorian calendar. Years are counted from March, so that the leap day is
/// their last.
fn civil(day: u64) -> (u64, u64, u64) {
    // 0000-03-01 was 719,468 days before; 400 years have 146,097 days.
    let day = day + 719_468;
    let (era, day_of_era) = (day / 146_097, day % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // From March on, five months have 153 days.
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (400 * era + year_of_era + next_year, month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(11_017), (2000, 3, 1));
        assert_eq!(civil(20_453), (2025, 12, 31));
        assert_eq!(civil(47_540), (2100, 2, 28));
        assert_eq!(civil(47_541), (2100, 3, 1));
    }

    #[test]
    fn an_id_tells_when_and_does_not_come_twice() {
        assert_eq!(
            of(1_795_365_000, ['a', 'b', 'y', 'z']).as_str(),
            "run-20261122t163000z-abyz"
        );
        let some: std::collections::BTreeSet<_> = (0..50).map(|_| new()).collect();
        assert!(some.len() > 45, "{some:?}");
    }
}
