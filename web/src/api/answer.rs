//! How values look in answers, and how the API's description tells of them: times in milliseconds, the nouns by their names.
//!
//! The nouns belong to `bc-schema`, which knows no OpenAPI; their descriptions are made here from the nouns' own lists.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use bc_schema::store::ContainerState;
use bc_schema::{ContainerId, ContainerKind, LossReason, Metric, Resolution};
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::Problem;

/// A time held in ns and told in ms since the epoch, with a fraction where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ms(pub(crate) u64);

impl Serialize for Ms {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (whole, rest) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if rest == 0 {
            serializer.serialize_u64(whole)
        } else {
            serializer.serialize_f64(ms(self.0))
        }
    }
}

/// The number of ms.
pub(crate) fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

impl PartialSchema for Ms {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .minimum(Some(0))
            .description(Some(
                "Milliseconds, possibly with a fraction; as a time, since the epoch (UTC).",
            ))
            .examples([serde_json::json!(1_509_630_712_250.5)])
            .into()
    }
}

impl ToSchema for Ms {
    fn name() -> std::borrow::Cow<'static, str> {
        "Milliseconds".into()
    }
}

/// An answer in JSON. Takes a borrow: what is shown lies in records that end with the request.
pub(crate) fn json(shown: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_vec(shown)
        .map_err(|error| Problem::Broken(format!("writing an answer: {error}")))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// A container's id.
pub(crate) fn container_id() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(ContainerId::MAX))
        .description(Some(
            "What users call it: a container's full id (its first 12 characters will do), `job_N`, the name given to `run`, a cgroup path.",
        ))
        .build()
}

/// A container's id, or none.
pub(crate) fn container_id_or_null() -> Object {
    or_null(container_id())
}

/// What a process's id matches.
pub(crate) const PROCESS_ID: &str = "^[0-9a-f]{32}$";

/// A process's id.
pub(crate) fn process_id() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(PROCESS_ID))
        .description(Some("A process, over all machines and all time."))
        .build()
}

/// A process's id, or none.
pub(crate) fn process_id_or_null() -> Object {
    or_null(process_id())
}

fn or_null(mut object: Object) -> Object {
    object.schema_type = SchemaType::from_iter([Type::String, Type::Null]);
    object
}

pub(crate) fn kind() -> Object {
    one_of(ContainerKind::ALL.iter().map(|kind| kind.name()))
}

/// The states, by name.
pub(crate) const STATES: [(&str, ContainerState); 2] = [
    ("live", ContainerState::Live),
    ("past", ContainerState::Past),
];

pub(crate) fn state() -> Object {
    one_of(STATES.into_iter().map(|(name, _)| name))
}

pub(crate) fn resolution() -> Object {
    one_of(Resolution::ALL.into_iter().map(Resolution::letter))
}

pub(crate) fn reason() -> Object {
    one_of(LossReason::ALL.iter().map(|reason| reason.name()))
}

/// Every metric, by name; what is unknown is absent.
pub(crate) fn metrics() -> Object {
    let amount = || {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(0))
    };
    Metric::ALL
        .iter()
        .fold(ObjectBuilder::new(), |object, metric| {
            object.property(metric.name(), amount())
        })
        .description(Some(
            "What is known of its usage, by metric; unknown ones are absent.",
        ))
        .build()
}

fn one_of(names: impl IntoIterator<Item = &'static str>) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names))
        .build()
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

    #[test]
    fn the_names_described_are_those_told() {
        for (name, state) in STATES {
            assert_eq!(serde_json::to_value(state).unwrap(), name);
        }
        for kind in ContainerKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        for resolution in Resolution::ALL {
            assert_eq!(
                serde_json::to_value(resolution).unwrap(),
                resolution.letter()
            );
        }
        for reason in LossReason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.name());
        }
    }
}
