//! How figures are written for people. Pure.

/// A time in the unit that suits it.
pub(super) fn time(ns: f64) -> String {
    match ns.abs() {
        ..1e3 => format!("{ns:.0} ns"),
        1e3..1e4 => format!("{:.2} µs", ns / 1e3),
        1e4..1e6 => format!("{:.0} µs", ns / 1e3),
        1e6..1e7 => format!("{:.2} ms", ns / 1e6),
        1e7..1e9 => format!("{:.1} ms", ns / 1e6),
        _ => format!("{:.2} s", ns / 1e9),
    }
}

/// A number of things, in groups of three digits.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Memory.
pub(super) fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// A share that was added or saved.
pub(super) fn change(ratio: f64) -> String {
    format!("{:+.1} %", (ratio - 1.0) * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_three_digits() {
        let written = [
            0.0,
            850.4,
            1_234.0,
            56_700.0,
            1_234_000.0,
            59_000_000.0,
            2.5e9,
        ]
        .map(time);
        assert_eq!(
            written,
            [
                "0 ns", "850 ns", "1.23 µs", "57 µs", "1.23 ms", "59.0 ms", "2.50 s"
            ]
        );
        assert_eq!(time(-1_500.0), "-1.50 µs");
    }

    #[test]
    fn digits_come_in_threes() {
        assert_eq!(
            [0, 100, 1_000, 65_536, 1_234_567].map(count),
            ["0", "100", "1,000", "65,536", "1,234,567"]
        );
    }

    #[test]
    fn shares_have_a_sign() {
        assert_eq!([change(1.031), change(0.98)], ["+3.1 %", "-2.0 %"]);
        assert_eq!(mib(31_457_280), "30.0 MiB");
    }
}
