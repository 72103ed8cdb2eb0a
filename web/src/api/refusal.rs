//! The refusals of the API as its description lists them: which of [`Problem`]'s answers a route can give.

use std::collections::BTreeMap;

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Ref, Type};
use utoipa::openapi::{RefOr, Required};
use utoipa::{IntoParams, IntoResponses, ToSchema};

use super::answer;
use crate::problem::Details;

/// What any request can be refused with.
pub(crate) struct OfAny;
/// Where a good token may still be the wrong one.
pub(crate) struct OfOther;
/// Where what is asked for may not be there.
pub(crate) struct OfMissing;
/// Where a body is read.
pub(crate) struct OfBody;

type Responses = BTreeMap<String, RefOr<Response>>;

impl IntoResponses for OfAny {
    fn responses() -> Responses {
        let mut all = list(&[
            (
                400,
                "A parameter, the path or a header is malformed: which one, what is allowed.",
            ),
            (401, "There is no token, or none that is good."),
            (421, "The Host header names somebody else."),
            (429, "Too many wrong tokens came from this address."),
            (
                503,
                "There is no answer now: the store does not answer, too much is asked at once, or it took too long.",
            ),
        ]);
        // Answered before there is a request to speak of, without a body.
        for (status, says) in [
            ("414", "The address is longer than 64 KiB."),
            ("431", "The head of the request is larger than 64 KiB."),
        ] {
            let response = ResponseBuilder::new().description(says).build();
            all.insert(status.into(), response.into());
        }
        all
    }
}

impl IntoResponses for OfOther {
    fn responses() -> Responses {
        list(&[(
            403,
            "A good token, but not for this; or a change asked for by a page of another site.",
        )])
    }
}

impl IntoResponses for OfMissing {
    fn responses() -> Responses {
        list(&[(404, "Nothing of this id was recorded.")])
    }
}

impl IntoResponses for OfBody {
    fn responses() -> Responses {
        list(&[
            (408, "The body did not come in time."),
            (413, "The body is larger than 64 KiB."),
        ])
    }
}

fn list(refusals: &[(u16, &str)]) -> Responses {
    let one = |(status, says): &(u16, &str)| {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(Details::name())))
            .build();
        let response = ResponseBuilder::new()
            .description(*says)
            .content("application/problem+json", content);
        let response = match status {
            401 => response.header(
                "www-authenticate",
                header("Which scheme is understood.", Type::String),
            ),
            429 | 503 => response.header(
                "retry-after",
                header("When to try again, s.", Type::Integer),
            ),
            _ => response,
        };
        (status.to_string(), response.build().into())
    };
    refusals.iter().map(one).collect()
}

fn header(says: &str, kind: Type) -> utoipa::openapi::header::Header {
    HeaderBuilder::new()
        .description(Some(says))
        .schema(Some(ObjectBuilder::new().schema_type(kind)))
        .build()
}

/// The `{id}` of a path.
pub(crate) struct Id;

impl IntoParams for Id {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![in_path(
            "id",
            "The container; percent-encoded into one segment.",
            answer::container_id(),
        )]
    }
}

/// The `{process}` of a path.
pub(crate) struct Process;

impl IntoParams for Process {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![in_path("process", "The process.", answer::process_id())]
    }
}

fn in_path(name: &str, says: &str, schema: utoipa::openapi::schema::Object) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(says))
        .schema(Some(schema))
        .build()
}
