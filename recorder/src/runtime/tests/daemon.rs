//! A daemon that plays captured answers, and what is told of it.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bc_schema::Limits;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{LIMITS, RuntimeFact, follow, labels};
use crate::status::Status;

/// A daemon that knows one running container, `web`, and plays what it is given as its event stream.
struct Daemon {
    events: mpsc::UnboundedSender<String>,
    serving: tokio::task::JoinHandle<()>,
}

impl Daemon {
    fn at(socket: &Path) -> Self {
        let listener = UnixListener::bind(socket).unwrap();
        let (events, script) = mpsc::unbounded_channel();
        let script = Arc::new(Mutex::new(Some(script)));
        let serving = tokio::spawn(async move {
            // A connection lives no longer than its daemon.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(answer(stream, script.clone()));
            }
        });
        Self { events, serving }
    }
}

type Script = Arc<Mutex<Option<mpsc::UnboundedReceiver<String>>>>;

async fn answer(stream: UnixStream, script: Script) -> std::io::Result<()> {
    let (from, mut to) = stream.into_split();
    let mut lines = BufReader::new(from).lines();
    while let Some(request) = lines.next_line().await? {
        while lines
            .next_line()
            .await?
            .is_some_and(|line| !line.is_empty())
        {}
        let path = request.split([' ', '?']).nth(1).unwrap_or_default();
        let body = match path.rsplit_once("/containers/").map(|(_, what)| what) {
            Some("json") => captured!("docker-list.json"),
            Some(what)
                if captured!("docker-inspect.json").contains(what.trim_end_matches("/json")) =>
            {
                captured!("docker-inspect.json")
            }
            Some(_) => "",
            None if path.ends_with("/version") => captured!("docker-version.json"),
            None => {
                let mut script = script
                    .lock()
                    .unwrap()
                    .take()
                    .expect("one reader of events at a time");
                to.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
                while let Some(event) = script.recv().await {
                    to.write_all(format!("{:x}\r\n{event}\n\r\n", event.len() + 1).as_bytes())
                        .await?;
                }
                return to.write_all(b"0\r\n\r\n").await;
            }
        };
        let (status, body) = if body.is_empty() {
            ("404 Not Found", r#"{"message":"gone"}"#)
        } else {
            ("200 OK", body)
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        to.write_all((head + body).as_bytes()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_runtime_is_followed_from_when_it_appears_and_across_its_restart() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("docker.sock");
    let (facts, mut told) = mpsc::channel(16);
    let shutdown = CancellationToken::new();
    let (accounts, told_of) = watch::channel(Status::default());
    let following = tokio::spawn(follow(
        vec![socket.clone()],
        facts,
        told_of,
        shutdown.clone(),
    ));
    let next = async |told: &mut mpsc::Receiver<RuntimeFact>| {
        timeout(Duration::from_secs(60), told.recv())
            .await
            .expect("in time")
            .expect("a fact")
    };

    for _ in 0..2 {
        let daemon = Daemon::at(&socket);
        accounts.send_replace(Status::default());
        let running = next(&mut told).await;
        assert_eq!((running.name.as_str(), running.limits), ("web", LIMITS));

        // This one is gone when it is inspected: what the event said stands, and is told once, though it was created and started.
        for line in captured!("docker-events.jsonl")
            .lines()
            .filter(|line| line.contains("\"brief\""))
        {
            daemon.events.send(line.to_owned()).unwrap();
        }
        let brief = next(&mut told).await;
        assert_eq!(
            (brief.name.as_str(), brief.image.as_deref()),
            ("brief", Some("bctest:1"))
        );
        assert_eq!(
            (brief.labels, brief.limits),
            (labels(&[("team", "b")]), Limits::default())
        );

        daemon.serving.abort();
        fs::remove_file(&socket).unwrap();
    }

    shutdown.cancel();
    timeout(Duration::from_secs(60), following)
        .await
        .expect("in time")
        .unwrap();
    assert!(told.recv().await.is_none());
}

#[tokio::test]
async fn following_ends_when_nobody_listens() {
    let (facts, told) = mpsc::channel(1);
    drop(told);
    let nowhere = vec!["/nowhere/docker.sock".into()];
    let (_accounts, told_of) = watch::channel(Status::default());
    timeout(
        Duration::from_secs(60),
        follow(nowhere, facts, told_of, CancellationToken::new()),
    )
    .await
    .expect("in time");
}
