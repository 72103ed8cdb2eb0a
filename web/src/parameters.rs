//! The query string of a request: each value is taken by name with its bounds, and a bad one is named in the answer.
//!
//! What reads a parameter describes it too: read without a request, the same calls list what there is to ask ([`Parameters::described`]),
//! so that the API's description cannot say anything else than the code.

use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};

use axum::extract::{FromRequestParts, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::problem::Problem;

/// Nanoseconds in a millisecond.
const MS_NS: u64 = 1_000_000;
/// The last millisecond that fits into nanoseconds.
const LAST_MS: u64 = u64::MAX / MS_NS;
/// Longest value that is taken, in bytes.
const MAX_BYTES: usize = 4096;

/// The parameters of one request. Unknown ones are ignored; an empty value counts as not given.
pub(crate) enum Parameters {
    /// Of a request.
    Given(Vec<(String, String)>),
    /// Of none: who reads is written down.
    Described(Mutex<Vec<Parameter>>),
}

/// What one route is asked by its query string.
pub(crate) trait Asked: Sized {
    /// Reads every parameter the route knows, whatever the others say.
    fn read(parameters: &Parameters) -> Result<Self, Problem>;
}

/// Takes [`Asked`] out of a request.
pub(crate) struct Ask<T>(pub(crate) T);

impl<S: Send + Sync, T: Asked> FromRequestParts<S> for Ask<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        T::read(&Parameters::of(&parts.uri)?).map(Self)
    }
}

impl<T: Asked> IntoParams for Ask<T> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        Parameters::described::<T>()
    }
}

impl Parameters {
    pub(crate) fn of(uri: &Uri) -> Result<Self, Problem> {
        Query::try_from_uri(uri)
            .map(|Query(pairs)| Self::Given(pairs))
            .map_err(|_| {
                Problem::BadRequest(
                    "the query string is malformed; percent-encode its values".into(),
                )
            })
    }

    /// The description of all that `T` reads.
    pub(crate) fn described<T: Asked>() -> Vec<Parameter> {
        let none = Self::Described(Mutex::default());
        // Nothing is given, so nothing can be wrong.
        let _ = T::read(&none);
        match none {
            Self::Given(_) => Vec::new(),
            Self::Described(list) => list.into_inner().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Writes a parameter down, when that is what is asked.
    fn describe(&self, name: &str, says: &str, schema: impl FnOnce() -> ObjectBuilder) {
        if let Self::Described(list) = self {
            let parameter = ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Query)
                .description(Some(says))
                .schema(Some(schema()))
                .build();
            list.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(parameter);
        }
    }

    fn given(&self, name: &str) -> Result<Option<&str>, Problem> {
        let Self::Given(pairs) = self else {
            return Ok(None);
        };
        let mut given = pairs
            .iter()
            .filter(|(key, value)| key == name && !value.is_empty());
        let first = given.next().map(|(_, value)| value.as_str());
        if given.next().is_some() {
            return Err(Problem::parameter(name, "given once"));
        }
        match first {
            Some(text) if text.len() > MAX_BYTES => Err(Problem::parameter(
                name,
                format!("at most {MAX_BYTES} bytes"),
            )),
            first => Ok(first),
        }
    }

    /// The text given, if any.
    pub(crate) fn text(&self, name: &str, says: &str) -> Result<Option<&str>, Problem> {
        self.describe(name, says, string);
        self.given(name)
    }

    /// A text that means something: what `parse` makes of it.
    pub(crate) fn parsed<T>(
        &self,
        name: &str,
        says: &str,
        pattern: Option<&str>,
        allowed: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        self.describe(name, says, || string().pattern(pattern));
        self.given(name)?
            .map(|text| parse(text).ok_or_else(|| Problem::parameter(name, allowed)))
            .transpose()
    }

    /// A whole number within bounds, if one is given.
    pub(crate) fn whole(
        &self,
        name: &str,
        says: &str,
        bounds: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Problem> {
        self.describe(name, says, || integer(&bounds));
        self.number_given(name, &bounds)
    }

    /// A whole number within bounds.
    pub(crate) fn number(
        &self,
        name: &str,
        says: &str,
        bounds: RangeInclusive<u64>,
        default: u64,
    ) -> Result<u64, Problem> {
        self.describe(name, says, || {
            integer(&bounds).default(Some(default.into()))
        });
        Ok(self.number_given(name, &bounds)?.unwrap_or(default))
    }

    fn number_given(
        &self,
        name: &str,
        bounds: &RangeInclusive<u64>,
    ) -> Result<Option<u64>, Problem> {
        let Some(text) = self.given(name)? else {
            return Ok(None);
        };
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(number) if digits && bounds.contains(&number) => Ok(Some(number)),
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
        says: &str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, Problem> {
        self.describe(name, says, || {
            string().enum_values(Some(choices.iter().map(|(choice, _)| *choice)))
        });
        let Some(text) = self.given(name)? else {
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
    fn time_ns(&self, name: &str, says: &str) -> Result<Option<u64>, Problem> {
        self.describe(name, says, || {
            ObjectBuilder::new()
                .schema_type(Type::Number)
                .minimum(Some(0))
                .maximum(Some(LAST_MS))
        });
        let Some(text) = self.given(name)? else {
            return Ok(None);
        };
        let bad = || {
            Problem::parameter(
                name,
                format!("milliseconds since the epoch, from 0 to {LAST_MS}"),
            )
        };
        if let Ok(ms) = text.parse::<u64>() {
            return ms.checked_mul(MS_NS).map(Some).ok_or_else(bad);
        }
        let ms: f64 = text.parse().map_err(|_| bad())?;
        if ms.is_finite() && (0.0..=LAST_MS as f64).contains(&ms) {
            Ok(Some((ms * MS_NS as f64) as u64))
        } else {
            Err(bad())
        }
    }

    /// `from` and `to`, each if given, the first before the second.
    pub(crate) fn range_ns(&self) -> Result<(Option<u64>, Option<u64>), Problem> {
        let from = self.time_ns("from", "Begin of the range, ms since the epoch (UTC).")?;
        let to = self.time_ns("to", "End of the range, ms since the epoch (UTC).")?;
        match (from, to) {
            (Some(from), Some(to)) if from >= to => {
                Err(Problem::parameter("from", "earlier than `to`"))
            }
            range => Ok(range),
        }
    }
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(MAX_BYTES))
}

fn integer(bounds: &RangeInclusive<u64>) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(*bounds.start()))
        .maximum(Some(*bounds.end()))
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
        assert_eq!(of("top=7").number("top", "", 0..=100, 10).unwrap(), 7);
        assert_eq!(of("top=").number("top", "", 0..=100, 10).unwrap(), 10);
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
            let problem = of(bad).number("top", "", 0..=100, 10).unwrap_err();
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
            of("from=1500").time_ns("from", "").unwrap(),
            Some(1_500_000_000)
        );
        assert_eq!(of("from=0.25").time_ns("from", "").unwrap(), Some(250_000));
        for bad in [
            "from=NaN",
            "from=inf",
            "from=-1",
            "from=1e300",
            "from=18446744073710",
            "from=x",
        ] {
            assert!(of(bad).time_ns("from", "").is_err(), "{bad}");
        }
        assert!(of("from=5&to=5").range_ns().is_err());
        assert_eq!(of("from=5").range_ns().unwrap(), (Some(5_000_000), None));
    }

    #[test]
    fn what_reads_describes() {
        struct Page(u64);
        impl Asked for Page {
            fn read(parameters: &Parameters) -> Result<Self, Problem> {
                parameters.choice("order", "Which way.", &[("asc", 1), ("desc", 2)])?;
                let (from_ns, _) = parameters.range_ns()?;
                let top = parameters.number("top", "How many.", 0..=100, 10)?;
                Ok(Self(top + from_ns.unwrap_or(0)))
            }
        }
        let described = serde_json::to_value(Parameters::described::<Page>()).unwrap();
        assert_eq!(
            described[0],
            serde_json::json!({
                "name": "order", "in": "query", "description": "Which way.", "required": false,
                "schema": {"type": "string", "enum": ["asc", "desc"], "maxLength": 4096},
            })
        );
        assert_eq!(described[3]["schema"]["default"], 10);
        assert_eq!(
            (&described[1]["name"], &described[2]["name"]),
            (&"from".into(), &"to".into())
        );
        assert_eq!(Page::read(&of("top=7&from=1")).unwrap().0, 1_000_007);
    }

    #[test]
    fn choices_are_listed_in_the_refusal() {
        let choices = [("asc", 1), ("desc", 2)];
        assert_eq!(
            of("order=desc").choice("order", "", &choices).unwrap(),
            Some(2)
        );
        assert_eq!(
            of("order=up")
                .choice("order", "", &choices)
                .unwrap_err()
                .detail(),
            "`order` must be one of `asc`, `desc`"
        );
    }
}
