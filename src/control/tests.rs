//! Asking and answering over a real socket, with a recorder that only answers. That a process is moved and recorded is for the live
//! tests: here it would be this one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bc_recorder::{Command, Finished};
use bc_schema::store::WriteStore;
use bc_schema::{Batch, Container, ContainerId, ContainerKind, LifeKey, Limits};
use bc_store::MemoryStore;
use bc_web::Secret;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::client::Client;
use super::desk::UpDesk;
use super::{Answer, Ask, LONGEST_LINE, address, server};
use crate::link::Links;
use crate::recording::Desk;
use crate::settings::{Layer, Settings};

/// Watches everything; every run ends with 3 processes.
async fn answering(mut inbox: mpsc::Receiver<Command>) {
    while let Some(command) = inbox.recv().await {
        match command {
            Command::Watch { reply, .. } => {
                let _ = reply.send(Ok(()));
            }
            Command::Finish {
                patience, reply, ..
            } => {
                let open_processes = patience.as_millis() as u64;
                let _ = reply.send(Finished {
                    processes: 3,
                    open_processes,
                    failed: 2,
                    oom_killed: 1,
                    cpu_ns: 7,
                });
            }
            Command::HandOver => {}
        }
    }
}

/// A server on a socket of its own that knows a finished run called `used`.
struct Served {
    _folder: tempfile::TempDir,
    socket: PathBuf,
    shutdown: CancellationToken,
}

impl Served {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("sockets/control.sock");
        let shutdown = serve(&socket).await;
        Self {
            _folder: folder,
            socket,
            shutdown,
        }
    }

    async fn ask(&self, ask: Ask) -> anyhow::Result<Answer> {
        let client = Client::at(&self.socket);
        tokio::task::spawn_blocking(move || client.ask(&ask))
            .await
            .unwrap()
    }

    async fn refusal(&self, ask: Ask) -> String {
        self.ask(ask).await.unwrap_err().to_string()
    }

    async fn connect(&self) -> BufReader<UnixStream> {
        BufReader::new(UnixStream::connect(&self.socket).await.unwrap())
    }
}

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
        uid: Some(nix::unistd::geteuid().as_raw()),
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
    let settings = Settings::from(Layer::default());
    let links = Links::new(
        &settings,
        settings.listen,
        &Secret::new("0123456789abcdef0123456789abcdef"),
    );
    let shutdown = CancellationToken::new();
    let desk = UpDesk::new(Desk::new(commands, Arc::new(store)), links);
    let (listener, opened) = address::listen(socket.to_owned()).unwrap();
    let serving = server::serve(desk, listener, shutdown.clone());
    tokio::spawn(async move {
        let _opened = opened;
        serving.await;
    });
    shutdown
}

fn token(id: &str) -> Ask {
    Ask::Token {
        id: id.into(),
        good_for_s: 60,
    }
}

fn record(id: &str, again: bool) -> Ask {
    Ask::Record {
        id: id.into(),
        again,
        command: vec!["true".into()],
    }
}

#[tokio::test]
async fn each_question_has_its_answer() {
    let served = Served::start().await;
    let ask = Ask::Finish {
        id: "used".into(),
        patience_ms: 9,
    };
    let finished = Answer::Finished {
        processes: 3,
        open_processes: 9,
        failed: 2,
        oom_killed: 1,
        cpu_ns: 7,
    };
    assert_eq!(served.ask(ask).await.unwrap(), finished);
    let Answer::Token { token } = served.ask(token("used")).await.unwrap() else {
        panic!("another answer")
    };
    assert_eq!(token.split('.').count(), 3, "{token}");
    let refusal = served.refusal(Ask::HandOver).await;
    assert!(refusal.contains("an `up` records here"), "{refusal}");
}

#[tokio::test]
async fn nobody_waits_as_long_as_they_like() {
    let served = Served::start().await;
    let ask = Ask::Finish {
        id: "used".into(),
        patience_ms: u64::MAX,
    };
    let Answer::Finished { open_processes, .. } = served.ask(ask).await.unwrap() else {
        panic!("another answer")
    };
    assert_eq!(
        open_processes, 5_000,
        "it is how long the recorder was told to wait"
    );
}

#[tokio::test]
async fn ids_are_looked_at_before_anything_is_watched() {
    let (commands, _inbox) = mpsc::channel(1);
    let store = MemoryStore::new();
    let desk = Desk::new(commands, Arc::new(store));
    let id = "0123456789ab";
    let run = crate::recording::Run {
        id: ContainerId::new(id).unwrap(),
        again: true,
        cgroup: PathBuf::new(),
        command: vec![],
        uid: 0,
    };
    let refusal = desk.watch(run).await.unwrap_err().to_string();
    assert!(
        refusal.contains("--id") && refusal.contains(id),
        "{refusal}"
    );
}

#[tokio::test]
async fn nonsense_is_refused_and_the_talk_goes_on() {
    let served = Served::start().await;
    let mut stream = served.connect().await;
    for nonsense in ["{}\n", "{\"ask\":\"dance\"}\n", "\n", "[1,\n", "\u{0}\n"] {
        stream.write_all(nonsense.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_line(&mut answer).await.unwrap();
        assert!(
            answer.starts_with(r#"{"answer":"refused","why":"#),
            "{nonsense:?}: {answer}"
        );
    }
    let question = serde_json::to_string(&token("used")).unwrap() + "\n";
    stream.write_all(question.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_line(&mut answer).await.unwrap();
    assert!(answer.starts_with(r#"{"answer":"token""#), "{answer}");
}

#[tokio::test]
async fn what_is_too_long_is_read_to_the_limit_and_no_further() {
    let served = Served::start().await;
    let mut stream = served.connect().await;
    let long = vec![b'['; 2 * LONGEST_LINE as usize];
    // It is let go before all of it was read.
    let _ = stream.write_all(&long).await;
    let mut answer = String::new();
    stream.read_line(&mut answer).await.unwrap();
    assert!(answer.contains("refused"), "{answer}");
    // Closed, and told so by the kernel in one way or another.
    let rest = stream.read_line(&mut answer).await;
    assert!(
        rest.is_err() || rest.is_ok_and(|read| read == 0),
        "{answer}"
    );
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_let_go() {
    let served = Served::start().await;
    for begun in ["", "{\"ask\":"] {
        let mut stream = served.connect().await;
        stream.write_all(begun.as_bytes()).await.unwrap();
        let mut answer = String::new();
        assert_eq!(stream.read_to_string(&mut answer).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_socket_that_nobody_listens_on_is_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("sockets/control.sock");
    let client = Client::at(&socket);
    assert!(!client.answers().unwrap());
    let (listener, opened) = address::listen(socket.clone()).unwrap();
    drop(listener);
    assert!(socket.exists(), "as a killed `up` leaves it");
    assert!(!client.answers().unwrap());
    std::mem::forget(opened);
    let (_listener, opened) = address::listen(socket.clone()).unwrap();
    assert!(client.answers().unwrap());
    drop(opened);
    assert!(!socket.exists(), "an orderly end leaves nothing");
}

#[tokio::test]
async fn who_asks_an_up_that_stops_is_told() {
    let served = Served::start().await;
    served.ask(token("used")).await.unwrap();
    served.shutdown.cancel();
    let refusal = served.refusal(token("used")).await;
    assert!(refusal.contains("has stopped"), "{refusal}");
}

#[test]
fn the_words_on_the_socket_stay_what_they_are() {
    let text = |value: &Ask| serde_json::to_string(value).unwrap();
    assert_eq!(
        text(&record("a", false)),
        r#"{"ask":"record","id":"a","again":false,"command":["true"]}"#
    );
    let finish = Ask::Finish {
        id: "a".into(),
        patience_ms: 1,
    };
    assert_eq!(
        text(&finish),
        r#"{"ask":"finish","id":"a","patience_ms":1}"#
    );
    assert_eq!(text(&Ask::HandOver), r#"{"ask":"hand_over"}"#);
    let refused = Answer::Refused { why: "no".into() };
    assert_eq!(
        serde_json::to_string(&refused).unwrap(),
        r#"{"answer":"refused","why":"no"}"#
    );
    assert_eq!(
        serde_json::to_string(&Answer::Busy).unwrap(),
        r#"{"answer":"busy"}"#
    );
}
