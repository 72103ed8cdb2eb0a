//! Connections: taken one by one, given a limited time to say what they want and to take the answer, and seen off at the end.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::Service;
use tower::util::MapRequest;

use crate::auth::guesses::Peer;
use crate::limits::Limits;
use crate::metrics::Requests;

/// Largest head of a request, and what is kept of an answer that is not taken yet.
const BUFFER_BYTES: usize = 64 * 1024;
/// How long requests under way are waited for at the end.
const FAREWELL: Duration = Duration::from_secs(5);
/// Pause after the system had no room for another connection.
const BREATH: Duration = Duration::from_millis(200);
/// Connections that are told at a time that there is no room; further ones are closed without a word.
const TURNED_AWAY: usize = 64;
/// How long that may take.
const TURNING_AWAY: Duration = Duration::from_secs(1);

/// What one too many is told.
const FULL: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nContent-Length: 149\r\nRetry-After: 2\r\n\
    Cache-Control: no-store\r\nConnection: close\r\n\r\n\
    {\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\"detail\":\"too many connections are open here; try again in a moment, or close some\"}";

/// Serves every connection with a copy of `service` until `shutdown`, and a moment longer for answers that have begun.
pub(crate) async fn serve<S>(
    listener: TcpListener,
    service: S,
    limits: &Limits,
    requests: &Requests,
    shutdown: CancellationToken,
) where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(BUFFER_BYTES);
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(limits.connections));
    let doorway = Arc::new(Semaphore::new(TURNED_AWAY));
    loop {
        let (stream, peer) = tokio::select! {
            () = shutdown.cancelled() => break,
            taken = take(&listener) => taken,
        };
        set_up(&stream, limits.stall);
        let Ok(place) = room.clone().try_acquire_owned() else {
            if let Ok(place) = doorway.clone().try_acquire_owned() {
                tokio::spawn(async move {
                    let _place = place;
                    let _ = tokio::time::timeout(TURNING_AWAY, turn_away(stream)).await;
                });
            }
            continue;
        };
        let service = MapRequest::new(service.clone(), move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            request
        });
        let connection =
            http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let connection = graceful.watch(connection);
        let open = Open::new(requests);
        tokio::spawn(async move {
            let _kept = (place, open);
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

/// The next connection.
async fn take(listener: &TcpListener) -> (TcpStream, Peer) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, Peer(peer.ip())),
            // Of one connection, or of the whole process (no more descriptors): either way the next may succeed.
            Err(error) => {
                tracing::warn!(%error, "taking a connection");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

/// A client that takes nothing for `stall` is given up by the kernel, which knows what it took; so is one whose machine is gone.
fn set_up(stream: &TcpStream, stall: Duration) {
    let set = stream
        .set_nodelay(true)
        .and_then(|()| SockRef::from(stream).set_tcp_user_timeout(Some(stall)));
    if let Err(error) = set {
        tracing::trace!(%error, "setting up a connection");
    }
}

/// Says that there is no room, once something was asked. Closing while something unread lies here would take the answer back, so what
/// comes is read.
async fn turn_away(mut stream: TcpStream) -> std::io::Result<()> {
    let mut unread = [0; 4096];
    if stream.read(&mut unread).await? == 0 {
        return Ok(());
    }
    stream.write_all(FULL.as_bytes()).await?;
    stream.shutdown().await?;
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

/// Counts a connection as open for as long as it is.
struct Open(Requests);

impl Open {
    fn new(requests: &Requests) -> Self {
        requests.connections.inc();
        Self(requests.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.connections.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_too_many_is_told_is_whole() {
        let (head, body) = FULL.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
        let told: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(told["status"], 503);
    }
}
