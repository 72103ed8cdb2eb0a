//! How values look in answers: times in milliseconds.

use serde::{Serialize, Serializer};

/// A time held in ns and told in ms since the epoch, with a fraction where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ms(pub(crate) u64);

impl Serialize for Ms {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (whole, rest) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if rest == 0 {
            serializer.serialize_u64(whole)
        } else {
            serializer.serialize_f64(self.0 as f64 / 1e6)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_milliseconds_are_whole_numbers() {
        let told = |ns| serde_json::to_string(&Ms(ns)).unwrap();
        assert_eq!(told(1_509_630_712_000_000_000), "1509630712000");
        assert_eq!(told(1_500_250_000), "1500.25");
    }
}
