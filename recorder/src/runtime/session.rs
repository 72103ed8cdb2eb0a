//! One connection to a docker-compatible socket, from connect to the end of its event stream.

use std::collections::HashMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use bc_schema::ContainerKind;
use bollard::errors::Error;
use bollard::query_parameters::{
    EventsOptionsBuilder, InspectContainerOptions, ListContainersOptions,
};
use bollard::{API_DEFAULT_VERSION, Docker};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::RuntimeFact;
use super::said::{self, Happened};

/// How long a runtime may take to begin an answer, s.
const TIMEOUT_S: u64 = 30;

/// Events that wait while a container is inspected. A runtime drops events that nobody reads, so they are read at once.
const EVENTS_AHEAD: usize = 4096;

/// How a session came to its end.
pub(super) enum Ended {
    /// It was never one: nobody answered.
    AtOnce(Error),
    /// The runtime closed its side, or nobody listens any more.
    Later(Result<(), Error>),
}

/// Tells `facts` what the runtime behind `socket` says, and has said since then, until it stops.
pub(super) async fn session(
    socket: &Path,
    facts: &mpsc::Sender<RuntimeFact>,
    since: SystemTime,
) -> Ended {
    let (docker, kind) = match connect(socket).await {
        Ok(connected) => connected,
        Err(error) => return Ended::AtOnce(error),
    };
    tracing::info!(socket = %socket.display(), runtime = kind.name(), "following a container runtime");
    let (ahead, waiting) = mpsc::channel(EVENTS_AHEAD);
    // Both at once: events are read while the list is gone through, and what was read before the end is still told.
    let listening = async { Ok(listen(&docker, kind, since, ahead).await) };
    let told = Told {
        docker: &docker,
        facts,
        facts_by_id: HashMap::new(),
    };
    Ended::Later(tokio::select! {
        ended = async { tokio::try_join!(listening, told.all(kind, waiting)) } => ended.and_then(|(ended, ())| ended),
        () = facts.closed() => Ok(()),
    })
}

async fn connect(socket: &Path) -> Result<(Docker, ContainerKind), Error> {
    let docker =
        Docker::connect_with_socket(&socket.to_string_lossy(), TIMEOUT_S, API_DEFAULT_VERSION)?;
    let docker = docker.negotiate_version().await?;
    let kind = said::kind(&docker.version().await?);
    Ok((docker, kind))
}

/// Reads events as they come. They are asked for from the second before `since` on, so that none falls between list and stream.
async fn listen(
    docker: &Docker,
    kind: ContainerKind,
    since: SystemTime,
    ahead: mpsc::Sender<Happened>,
) -> Result<(), Error> {
    let since_s = since
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let since = since_s.saturating_sub(1).to_string();
    let only_containers = [("type", vec!["container"])].into();
    let options = EventsOptionsBuilder::default()
        .since(&since)
        .filters(&only_containers)
        .build();
    let mut events = docker.events(Some(options));
    while let Some(event) = events.next().await {
        let event = match event {
            Err(error @ (Error::JsonDataError { .. } | Error::JsonSerdeError { .. })) => {
                tracing::debug!(%error, "a container runtime's event has a form of its own");
                continue;
            }
            event => event?,
        };
        if let Some(happened) = said::happened(kind, event)
            && ahead.send(happened).await.is_err()
        {
            break;
        }
    }
    Ok(())
}

/// What has been told of the containers that exist.
struct Told<'a> {
    docker: &'a Docker,
    facts: &'a mpsc::Sender<RuntimeFact>,
    facts_by_id: HashMap<String, RuntimeFact>,
}

impl Told<'_> {
    async fn all(
        mut self,
        kind: ContainerKind,
        mut waiting: mpsc::Receiver<Happened>,
    ) -> Result<(), Error> {
        for container in self
            .docker
            .list_containers(None::<ListContainersOptions>)
            .await?
        {
            if let Some(known) = said::listed(kind, container) {
                self.tell(known).await;
            }
        }
        while let Some(happened) = waiting.recv().await {
            match happened {
                Happened::Changed(known) => self.tell(known).await,
                Happened::Gone(id) => drop(self.facts_by_id.remove(&id)),
            }
        }
        Ok(())
    }

    /// Tells what an inspection says. Where the container is gone already, or the answer unreadable, what is `known` stands, and
    /// beside it what an earlier inspection said. Nothing is told twice.
    async fn tell(&mut self, known: RuntimeFact) {
        let earlier = self.facts_by_id.get(&known.id);
        let fact = match self
            .docker
            .inspect_container(&known.id, None::<InspectContainerOptions>)
            .await
        {
            Ok(answer) => said::inspected(known.kind, answer).unwrap_or(known),
            Err(error) => {
                tracing::debug!(id = %known.id, %error, "a container could not be inspected");
                RuntimeFact {
                    limits: earlier.map(|earlier| earlier.limits).unwrap_or_default(),
                    ..known
                }
            }
        };
        if earlier != Some(&fact) {
            self.facts_by_id.insert(fact.id.clone(), fact.clone());
            // Should nobody listen any more, the session sees it by itself.
            let _ = self.facts.send(fact).await;
        }
    }
}
