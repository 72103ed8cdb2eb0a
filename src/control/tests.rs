//! A `run` and an `up` talking, over a real socket, with a recorder that only answers.

use std::path::Path;
use std::sync::Arc;

use bc_recorder::{Command, Finished, WatchError};
use bc_schema::store::WriteStore;
use bc_schema::{Batch, Container, ContainerId, ContainerKind, LifeKey, Limits};
use bc_store::MemoryStore;
use bc_web::Secret;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::client::Client;
use super::server::{self, Server};
use super::{Answer, Ask};
use crate::link::Links;
use crate::recording::Desk;
use crate::settings::{Layer, Settings};

/// Watches everything but `busy`; every run ends with 3 processes.
async fn answering(mut inbox: mpsc::Receiver<Command>) {
    while let Some(command) = inbox.recv().await {
        match command {
            Command::Watch { id, reply, .. } => {
                let busy = id.as_str() == "busy";
                let _ = reply.send(if busy {
                    Err(WatchError::InUse(id))
                } else {
                    Ok(())
                });
            }
            Command::Finish {
                patience, reply, ..
            } => {
                let open_processes = patience.as_millis() as u64;
                let _ = reply.send(Finished {
                    processes: 3,
                    open_processes,
                    cpu_ns: 7,
                });
            }
        }
    }
}

/// A server on `socket` that knows a finished run called `used`.
async fn serve(socket: &Path) -> CancellationToken {
    let store = MemoryStore::new();
    let life = LifeKey {
        container: ContainerId::new("used").unwrap(),
        host: "h".into(),
        began_ns: 1,
    };
    let container = Container {
        life,
        kind: ContainerKind::Run,
        name: "used".into(),
        image: None,
        command: None,
        labels: Default::default(),
        limits: Limits::default(),
        cgroup: "/used".into(),
        uid: None,
        stated_ns: 1,
        ended_ns: Some(2),
    };
    let batch = Batch {
        host: "h".into(),
        until_ns: 2,
        containers: vec![container],
        ..Batch::default()
    };
    store.write(&[batch]).await.unwrap();
    let (commands, inbox) = mpsc::channel(1);
    tokio::spawn(answering(inbox));
    let flags = Layer {
        auth: Some(false),
        ..Layer::default()
    };
    let settings = Settings::from(flags);
    let links = Links::new(&settings, settings.listen, &Secret::new("unused"));
    let shutdown = CancellationToken::new();
    let server = Server {
        desk: Desk::new(commands, Arc::new(store)),
        links,
    };
    let listener = server::listen(socket).unwrap();
    tokio::spawn(server.serve(listener, shutdown.clone()));
    shutdown
}

fn watch(id: &str, again: bool) -> Ask {
    Ask::Watch {
        id: id.into(),
        again,
        cgroup: "/c".into(),
        command: vec!["true".into()],
        uid: 0,
    }
}

#[tokio::test]
async fn each_question_has_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("control.sock");
    serve(&socket).await;
    let client = Client::find(&socket).await.unwrap().unwrap();

    let Answer::Pong { pid, .. } = client.ask(&Ask::Ping).await.unwrap() else {
        panic!("no pong")
    };
    assert_eq!(pid, std::process::id());
    assert_eq!(
        client.ask(&watch("new", false)).await.unwrap(),
        Answer::Watching
    );
    let finished = client
        .ask(&Ask::Finish {
            id: "new".into(),
            patience_ms: 9,
        })
        .await
        .unwrap();
    assert_eq!(
        finished,
        Answer::Finished {
            processes: 3,
            open_processes: 9,
            cpu_ns: 7
        }
    );
    let url = "http://127.0.0.1:5000/static/index.html?container=a%20b".into();
    assert_eq!(
        client.ask(&Ask::Url { id: "a b".into() }).await.unwrap(),
        Answer::Url { url }
    );
}

#[tokio::test]
async fn an_id_that_was_used_wants_a_clear_word_and_one_in_use_another_id() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("control.sock");
    serve(&socket).await;
    let client = Client::find(&socket).await.unwrap().unwrap();

    let refusal = client
        .ask(&watch("used", false))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refusal.contains("`used` has been used") && refusal.contains("--again"),
        "{refusal}"
    );
    assert_eq!(
        client.ask(&watch("used", true)).await.unwrap(),
        Answer::Watching
    );
    let refusal = client
        .ask(&watch("busy", true))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refusal.contains("`busy` is being recorded now"),
        "{refusal}"
    );
    assert!(
        client
            .ask(&watch("", false))
            .await
            .unwrap_err()
            .to_string()
            .contains("no id")
    );
}

#[tokio::test]
async fn nonsense_is_refused_and_the_talk_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("control.sock");
    serve(&socket).await;
    let mut stream = BufReader::new(UnixStream::connect(&socket).await.unwrap());
    for nonsense in ["{}\n", "{\"ask\":\"dance\"}\n", "\n", "[1,\n"] {
        stream.write_all(nonsense.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_line(&mut answer).await.unwrap();
        assert!(
            answer.starts_with(r#"{"answer":"refused","why":"#),
            "{nonsense:?}: {answer}"
        );
    }
    stream.write_all(b"{\"ask\":\"ping\"}\n").await.unwrap();
    let mut answer = String::new();
    stream.read_line(&mut answer).await.unwrap();
    assert!(answer.starts_with(r#"{"answer":"pong""#), "{answer}");
}

#[tokio::test]
async fn a_socket_that_nobody_listens_on_is_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("control.sock");
    assert!(Client::find(&socket).await.unwrap().is_none());
    drop(server::listen(&socket).unwrap());
    assert!(socket.exists(), "as a killed `up` leaves it");
    assert!(Client::find(&socket).await.unwrap().is_none());
    server::listen(&socket).unwrap();
}

#[tokio::test]
async fn who_asks_an_up_that_stops_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("control.sock");
    let shutdown = serve(&socket).await;
    let client = Client::find(&socket).await.unwrap().unwrap();
    client.ask(&Ask::Ping).await.unwrap();
    shutdown.cancel();
    let refusal = client.ask(&Ask::Ping).await.unwrap_err();
    assert!(refusal.to_string().contains("has stopped"), "{refusal:#}");
}

#[test]
fn the_words_on_the_socket_stay_what_they_are() {
    let text = |value: &Ask| serde_json::to_string(value).unwrap();
    assert_eq!(text(&Ask::Ping), r#"{"ask":"ping"}"#);
    assert_eq!(
        text(&watch("a", false)),
        r#"{"ask":"watch","id":"a","again":false,"cgroup":"/c","command":["true"],"uid":0}"#
    );
    assert_eq!(
        text(&Ask::Finish {
            id: "a".into(),
            patience_ms: 1
        }),
        r#"{"ask":"finish","id":"a","patience_ms":1}"#
    );
    let refused = Answer::Refused { why: "no".into() };
    assert_eq!(
        serde_json::to_string(&refused).unwrap(),
        r#"{"answer":"refused","why":"no"}"#
    );
}
