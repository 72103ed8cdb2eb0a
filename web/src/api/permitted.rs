//! The container a request is about, once its caller may see it and the store knows it: what most handlers begin with.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use bc_schema::ContainerId;
use bc_schema::store::ContainerRecord;

use crate::app::App;
use crate::auth::Pass;
use crate::parameters::Parameters;
use crate::problem::Problem;

/// Who asks, whatever it is about.
pub(crate) struct Caller(pub(crate) Pass);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        app.auth.pass(&parts.headers, None).map(Self)
    }
}

/// The container of the path.
pub(crate) struct Permitted(pub(crate) ContainerRecord);

impl Permitted {
    /// The id the store knows it by.
    pub(crate) fn id(&self) -> &ContainerId {
        &self.0.latest().life.container
    }
}

impl FromRequestParts<Arc<App>> for Permitted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let record = of_path(parts, app).await?;
        record.map(Permitted).ok_or_else(unknown_container)
    }
}

/// The container that the `{id}` of the path names, for a caller who may see it; `None`: it was never seen.
pub(crate) async fn of_path(
    parts: &mut Parts,
    app: &Arc<App>,
) -> Result<Option<ContainerRecord>, Problem> {
    let path = Path::<HashMap<String, String>>::from_request_parts(parts, app).await;
    let id = path
        .ok()
        .and_then(|Path(path)| ContainerId::new(path.get("id")?.as_str()));
    let Some(id) = id else {
        // Who may not ask is told so before what they asked is judged.
        app.auth.pass(&parts.headers, None)?;
        return Err(malformed_id());
    };
    let (_, record) = app.open(&parts.headers, &id).await?;
    Ok(record)
}

pub(crate) fn unknown_container() -> Problem {
    Problem::NotFound("no container of this id was recorded".into())
}

fn malformed_id() -> Problem {
    Problem::BadRequest(format!("a container's id is {}", spelling()))
}

fn spelling() -> String {
    format!(
        "1 to {} bytes of percent-encoded UTF-8 without control characters",
        ContainerId::MAX
    )
}

/// The `container` of a query string.
pub(crate) fn asked_container(parameters: &Parameters) -> Result<Option<ContainerId>, Problem> {
    parameters.parsed(
        "container",
        "A container's id; a token for a container asks about that one alone.",
        None,
        &format!("a container's id, {}", spelling()),
        |text| ContainerId::new(text),
    )
}
