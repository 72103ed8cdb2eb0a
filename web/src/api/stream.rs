//! `stream`: says when something new is there. The page then asks for what it shows; no data travels here.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use bc_schema::{Committed, ContainerId};
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use utoipa::ToSchema;

use super::answer::Ms;
use super::me::Whom;
use super::permitted::unknown_container;
use super::refusal::{OfAny, OfMissing, OfOther};
use crate::app::App;
use crate::auth::token::now_s;
use crate::parameters::Ask;
use crate::problem::Problem;

/// At most one tick in this time.
const TICK: Duration = Duration::from_secs(1);
/// A comment is sent when nothing else was for this long, so that proxies and browsers see it alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Something was committed: time to ask again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tick {
    /// Recorded until then.
    until_ms: Ms,
    /// The list of containers, or a container's facts, changed.
    containers_changed: bool,
}

/// The stream ends.
#[derive(Serialize, ToSchema)]
pub(crate) struct Bye {
    why: Why,
}

/// Why it ends: the token did, or the server does.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Why {
    Expired,
    Shutdown,
}

/// Hear of news
///
/// Server-sent events: `tick` (data: Tick) each time something was committed, at most one a second; `bye` (data: Bye) when the token or the
/// server ends, then the stream ends; a comment as heartbeat every 15 s. No data travels here: on a tick, ask again for what you show.
#[utoipa::path(
    get, path = "/stream", tag = "live",
    params(Ask::<Whom>),
    responses(
        (status = 200, content_type = "text/event-stream", body = String, description = "Events, without end.",
         example = "event: tick\ndata: {\"until_ms\":1509630712000,\"containers_changed\":false}\n\n"),
        OfAny, OfOther, OfMissing,
    ),
)]
pub(crate) async fn stream(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Ask(Whom(asked)): Ask<Whom>,
) -> Result<Response, Problem> {
    let (pass, watched) = match &asked {
        Some(id) => {
            let (pass, record) = app.open(&headers, id).await?;
            let record = record.ok_or_else(unknown_container)?;
            (pass, Some(record.latest().life.container.clone()))
        }
        None => (app.auth.pass(&headers, None)?, None),
    };
    if watched.is_none() && !pass.is_admin() {
        let what = "the news of all containers are an admin's; name the container of the token";
        return Err(Problem::Forbidden(what.into()));
    }
    let mut news = News {
        receiver: app.committed.subscribe(),
        watched,
        until_ns: 0,
        changed: false,
    };
    let left = pass
        .expires_s
        .map(|exp| Duration::from_secs(exp.saturating_sub(now_s())));
    let shutdown = app.shutdown.clone();
    let open = Open::new(app);
    let events = async_stream::stream! {
        let _open = open;
        let expired = async {
            match left {
                Some(left) => tokio::time::sleep(left).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(expired);
        let why = loop {
            let ticked = tokio::select! {
                biased;
                () = shutdown.cancelled() => break Why::Shutdown,
                () = &mut expired => break Why::Expired,
                there_is = news.next() => there_is,
            };
            if !ticked {
                break Why::Shutdown;
            }
            yield event("tick", &Tick { until_ms: Ms(news.until_ns), containers_changed: std::mem::take(&mut news.changed) });
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break Why::Shutdown,
                () = &mut expired => break Why::Expired,
                () = tokio::time::sleep(TICK) => {}
            }
        };
        yield event("bye", &Bye { why });
    };
    let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    // Proxies that gather answers before they pass them on would hold the ticks back.
    Ok((
        [(header::HeaderName::from_static("x-accel-buffering"), "no")],
        sse,
    )
        .into_response())
}

fn event(name: &str, data: &impl Serialize) -> Result<Event, axum::Error> {
    Event::default().event(name).json_data(data)
}

/// What was committed since the last tick, of the container that is watched.
struct News {
    receiver: Receiver<Committed>,
    /// `None`: of any.
    watched: Option<ContainerId>,
    until_ns: u64,
    changed: bool,
}

impl News {
    /// Waits until there is something, and takes all that is there. `false`: there will be nothing more.
    async fn next(&mut self) -> bool {
        loop {
            let mut concerns = match self.receiver.recv().await {
                Ok(committed) => self.take(&committed),
                Err(RecvError::Lagged(_)) => self.missed(),
                Err(RecvError::Closed) => return false,
            };
            loop {
                concerns |= match self.receiver.try_recv() {
                    Ok(committed) => self.take(&committed),
                    Err(TryRecvError::Lagged(_)) => self.missed(),
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                };
            }
            if concerns {
                return true;
            }
        }
    }

    fn take(&mut self, committed: &Committed) -> bool {
        let concerns = self
            .watched
            .as_ref()
            .is_none_or(|id| committed.containers.contains(id));
        if concerns {
            self.until_ns = self.until_ns.max(committed.until_ns);
            self.changed |= committed.containers_changed;
        }
        concerns
    }

    /// More was committed than we kept up with: it may have been anything.
    fn missed(&mut self) -> bool {
        self.changed = true;
        true
    }
}

/// Counts a stream as open for as long as it is.
struct Open(Arc<App>);

impl Open {
    fn new(app: Arc<App>) -> Self {
        app.requests.streams.inc();
        Self(app)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.requests.streams.dec();
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast;

    use super::*;

    fn news(capacity: usize, watched: Option<&str>) -> (broadcast::Sender<Committed>, News) {
        let (sender, receiver) = broadcast::channel(capacity);
        (
            sender,
            News {
                receiver,
                watched: watched.and_then(ContainerId::new),
                until_ns: 0,
                changed: false,
            },
        )
    }

    fn committed(until_ns: u64, container: &str) -> Committed {
        Committed {
            until_ns,
            containers: vec![ContainerId::new(container).unwrap()],
            containers_changed: until_ns == 3,
        }
    }

    #[tokio::test]
    async fn what_concerns_others_is_no_news_and_the_rest_is_one() {
        let (sender, mut news) = news(8, Some("a"));
        for (until_ns, container) in [(1, "b"), (2, "a"), (3, "b"), (5, "a"), (4, "a")] {
            sender.send(committed(until_ns, container)).unwrap();
        }
        assert!(news.next().await);
        assert_eq!((news.until_ns, news.changed), (5, false));
        drop(sender);
        assert!(!news.next().await);
    }

    #[tokio::test]
    async fn who_lags_is_told_that_something_happened() {
        let (sender, mut news) = news(2, Some("a"));
        for until_ns in 10..20 {
            sender.send(committed(until_ns, "b")).unwrap();
        }
        assert!(news.next().await);
        assert!(news.changed);
    }
}
