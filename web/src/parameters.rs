//! The query string of a request: each value is taken by name with its bounds, and a bad one is named in the answer.

use std::ops::RangeInclusive;

use axum::extract::Query;
use axum::http::Uri;

use crate::problem::Problem;

/// Nanoseconds in a millisecond.
const MS_NS: u64 = 1_000_000;

/// The parameters of one request. Unknown ones are ignored; an empty value counts as not given.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(crate) fn of(uri: &Uri) -> Result<Self, Problem> {
        Query::try_from_uri(uri)
            .map(|Query(pairs)| Self(pairs))
            .map_err(|_| {
                Problem::BadRequest(
                    "the query string is malformed; percent-encode its values".into(),
                )
            })
    }

    /// The text given, if any.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut given = self
            .0
            .iter()
            .filter(|(key, value)| key == name && !value.is_empty());
        let first = given.next().map(|(_, value)| value.as_str());
        if given.next().is_some() {
            return Err(Problem::parameter(name, "given once"));
        }
        match first {
            Some(text) if text.len() > 4096 => Err(Problem::parameter(name, "at most 4096 bytes")),
            first => Ok(first),
        }
    }

    /// A whole number within bounds.
    pub(crate) fn number(
        &self,
        name: &str,
        bounds: RangeInclusive<u64>,
        default: u64,
    ) -> Result<u64, Problem> {
        let Some(text) = self.text(name)? else {
            return Ok(default);
        };
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(number) if digits && bounds.contains(&number) => Ok(number),
            _ => Err(Problem::parameter(
                name,
                format!("a whole number from {} to {}", bounds.start(), bounds.end()),
            )),
        }
    }

    /// One of a list of names.
    pub(crate) fn choice<T: Copy>(
        &self,
        name: &str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let found = choices.iter().find(|(choice, _)| *choice == text);
        found.map(|(_, value)| Some(*value)).ok_or_else(|| {
            let names: Vec<String> = choices
                .iter()
                .map(|(choice, _)| format!("`{choice}`"))
                .collect();
            Problem::parameter(name, format!("one of {}", names.join(", ")))
        })
    }

    /// A time in milliseconds since the epoch, possibly with a fraction; in ns.
    pub(crate) fn time_ns(&self, name: &str) -> Result<Option<u64>, Problem> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let last_ms = u64::MAX / MS_NS;
        let bad = || {
            Problem::parameter(
                name,
                format!("milliseconds since the epoch, from 0 to {last_ms}"),
            )
        };
        if let Ok(ms) = text.parse::<u64>() {
            return ms.checked_mul(MS_NS).map(Some).ok_or_else(bad);
        }
        let ms: f64 = text.parse().map_err(|_| bad())?;
        if ms.is_finite() && (0.0..=last_ms as f64).contains(&ms) {
            Ok(Some((ms * MS_NS as f64) as u64))
        } else {
            Err(bad())
        }
    }

    /// `from` and `to`, each if given, the first before the second.
    pub(crate) fn range_ns(&self) -> Result<(Option<u64>, Option<u64>), Problem> {
        let range = (self.time_ns("from")?, self.time_ns("to")?);
        match range {
            (Some(from), Some(to)) if from >= to => {
                Err(Problem::parameter("from", "earlier than `to`"))
            }
            range => Ok(range),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(query: &'static str) -> Parameters {
        Parameters::of(&format!("/x?{query}").parse().unwrap())
            .unwrap_or_else(|_| panic!("{query}"))
    }

    #[test]
    fn numbers_keep_their_bounds() {
        assert_eq!(of("top=7").number("top", 0..=100, 10).unwrap(), 7);
        assert_eq!(of("top=").number("top", 0..=100, 10).unwrap(), 10);
        for bad in [
            "top=-1",
            "top=+1",
            "top=101",
            "top=99999999999999999999999",
            "top=1.5",
            "top=ten",
            "top=1&top=2",
            "top=0x1",
        ] {
            let problem = of(bad).number("top", 0..=100, 10).unwrap_err();
            assert!(
                problem.detail().starts_with("`top` must be "),
                "{bad}: {}",
                problem.detail()
            );
        }
    }

    #[test]
    fn times_may_have_a_fraction() {
        assert_eq!(
            of("from=1500").time_ns("from").unwrap(),
            Some(1_500_000_000)
        );
        assert_eq!(of("from=0.25").time_ns("from").unwrap(), Some(250_000));
        for bad in [
            "from=NaN",
            "from=inf",
            "from=-1",
            "from=1e300",
            "from=18446744073710",
            "from=x",
        ] {
            assert!(of(bad).time_ns("from").is_err(), "{bad}");
        }
        assert!(of("from=5&to=5").range_ns().is_err());
        assert_eq!(of("from=5").range_ns().unwrap(), (Some(5_000_000), None));
    }

    #[test]
    fn choices_are_listed_in_the_refusal() {
        let choices = [("asc", 1), ("desc", 2)];
        assert_eq!(of("order=desc").choice("order", &choices).unwrap(), Some(2));
        assert_eq!(
            of("order=up")
                .choice("order", &choices)
                .unwrap_err()
                .detail(),
            "`order` must be one of `asc`, `desc`"
        );
    }
}
