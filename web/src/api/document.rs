//! The API's description (OpenAPI 3.1), gathered from the handlers: what it says beyond single routes.

use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::server::Server;
use utoipa::openapi::{Components, InfoBuilder, OpenApi as Document, SecurityRequirement};

use crate::problem::Details;

/// What goes for all routes.
#[derive(OpenApi)]
#[openapi(
    components(schemas(Details, super::stream::Tick, super::stream::Bye)),
    tags(
        (name = "session", description = "Who asks."),
        (name = "containers", description = "Containers and jobs, live and past."),
        (name = "processes", description = "Every process a container ran."),
        (name = "usage", description = "Usage over time, and what could not be recorded."),
        (name = "live", description = "News."),
        (name = "reference", description = "This description."),
    ),
)]
struct Frame;

const ABOUT: &str = "Every process your container or job ran, and what each one cost.\n\n\
    Times are milliseconds since the epoch (UTC), possibly with a fraction; amounts of CPU are nanoseconds, amounts of memory and I/O bytes. \
    What is unknown is `null` or absent, never 0. A container's id may hold `/`: in a path it is percent-encoded into one segment. Unknown \
    parameters are ignored, an empty one counts as not given, one given twice is refused.";

/// The description without its routes, for a server that clients reach at `server` by cookies named `cookie`.
pub(super) fn frame(server: &str, cookie: &str) -> Document {
    let mut document = Frame::openapi();
    document.info = InfoBuilder::new()
        .title("Bubble Chamber")
        .version("1")
        .description(Some(ABOUT))
        .build();
    document.servers = Some(vec![Server::new(server)]);
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "A JSON Web Token (HS256) for one container, or an admin's. `Authorization: token …` is taken too.",
        ))
        .build();
    let session = ApiKeyValue::with_description(
        cookie,
        "The admin's session, as `POST /session` sets it; a container's has another name.",
    );
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme("token", SecurityScheme::Http(token));
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)));
    let none: [&str; 0] = [];
    document.security = Some(vec![
        SecurityRequirement::new("token", none),
        SecurityRequirement::new("session", none),
    ]);
    document
}
