//! A server of one test, and a client that asks it.

use std::sync::Arc;
use std::time::Duration;

use bc_schema::store::{ReadStore, WriteStore};
use bc_schema::{Batch, Committed, ContainerId};
use bc_store::MemoryStore;
use bc_web::token::{Subject, mint};
use bc_web::{Config, Error, Health, Limits, Recorder, Secret};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const SECRET: &str = "k2J8-vQ0x_Zr5LmN7tWd";

pub(crate) struct Site {
    pub(crate) url: String,
    pub(crate) address: std::net::SocketAddr,
    pub(crate) committed: broadcast::Sender<Committed>,
    pub(crate) health: watch::Sender<Health>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) served: JoinHandle<Result<(), Error>>,
    client: reqwest::Client,
}

/// A recorder that says of itself what a test has it say.
struct Beside(watch::Sender<Health>);

impl Recorder for Beside {
    fn health(&self) -> Health {
        self.0.borrow().clone()
    }

    fn looked_at(&self) {}
}

/// Status, headers and body of an answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub(crate) fn config() -> Config {
    Config {
        secret: Secret::new(SECRET),
        data_tag: "test".into(),
        host: "node1".into(),
        // Tests of bad tokens show many; `limits` tests that they may not.
        limits: Limits {
            wrong_tokens: 1_000,
            ..Limits::default()
        },
        ..Config::default()
    }
}

/// Serves what the batches say.
pub(crate) async fn site(batches: &[Batch]) -> Site {
    site_with(config(), batches).await
}

pub(crate) async fn site_with(config: Config, batches: &[Batch]) -> Site {
    let store = MemoryStore::new();
    store.write(batches).await.unwrap();
    site_over(config, Arc::new(store)).await
}

pub(crate) async fn site_over(config: Config, store: Arc<dyn ReadStore>) -> Site {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = Config {
        listen: address,
        ..config
    };
    let (committed, _) = broadcast::channel(16);
    let health = watch::Sender::new(Health::default());
    let shutdown = CancellationToken::new();
    let served = tokio::spawn(bc_web::run(
        config,
        listener,
        store,
        committed.clone(),
        Arc::new(Beside(health.clone())),
        shutdown.clone(),
    ));
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap();
    Site {
        url: format!("http://{address}"),
        address,
        committed,
        health,
        shutdown,
        served,
        client,
    }
}

impl Site {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// Asks with an admin's token.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_as(path, &admin()).await
    }

    pub(crate) async fn get_as(&self, path: &str, token: &str) -> Answer {
        let request = self.request(Method::GET, path);
        ask(request.header(AUTHORIZATION, format!("token {token}"))).await
    }

    /// Asks for JSON that must be there.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    pub(crate) async fn bare(&self, path: &str) -> Answer {
        ask(self.request(Method::GET, path)).await
    }
}

pub(crate) async fn ask(request: RequestBuilder) -> Answer {
    let response: Response = request.send().await.unwrap();
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.text().await.unwrap(),
    }
}

pub(crate) fn admin() -> String {
    mint(SECRET, Subject::Admin, Duration::from_secs(600))
}

pub(crate) fn token_for(container: &str) -> String {
    let id = ContainerId::new(container).unwrap();
    mint(SECRET, Subject::Container(id), Duration::from_secs(600))
}
