//! Connections: taken one by one, given a limited time to say what they want, and seen off at the end.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::Service;

/// How long a client may take over the head of a request, and be silent between two.
const HEAD: Duration = Duration::from_secs(30);
/// How long requests under way are waited for at the end.
const FAREWELL: Duration = Duration::from_secs(5);
/// Most connections at a time; more wait to be taken.
const MOST: usize = 1024;
/// Pause after the system had no room for another connection.
const BREATH: Duration = Duration::from_millis(200);

/// Serves every connection with a copy of `service` until `shutdown`, and a moment longer for answers that have begun.
pub(crate) async fn serve<S>(listener: TcpListener, service: S, shutdown: CancellationToken)
where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let graceful = GracefulShutdown::new();
    let room = std::sync::Arc::new(Semaphore::new(MOST));
    let service = TowerToHyperService::new(service);
    loop {
        let taken = tokio::select! {
            () = shutdown.cancelled() => break,
            taken = take(&listener, &room) => taken,
        };
        let (stream, place) = taken;
        let connection = http.serve_connection(TokioIo::new(stream), service.clone());
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let _place = place;
            // Clients that hang up in the middle, or speak something else, are no concern of the log's.
            if let Err(error) = connection.await {
                tracing::trace!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(FAREWELL, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::debug!("some answers were still under way when serving ended");
    }
}

/// The next connection, once there is room for it.
async fn take(
    listener: &TcpListener,
    room: &std::sync::Arc<Semaphore>,
) -> (TcpStream, tokio::sync::OwnedSemaphorePermit) {
    loop {
        let place = room
            .clone()
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::trace!(%error, "setting TCP_NODELAY");
                }
                return (stream, place);
            }
            // Of one connection, or of the whole process (no more descriptors): either way the next may succeed.
            Err(error) => {
                tracing::warn!(%error, "taking a connection");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}
