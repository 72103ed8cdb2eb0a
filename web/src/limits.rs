//! How much of this server one client, or all together, can take up. Nobody sets these but tests.

use std::time::Duration;

/// Bounds on requests. Sizes that never change stand where they are used.
#[derive(Debug, Clone)]
pub struct Limits {
    /// For the head of a request to come whole; as long may a connection be silent between two requests.
    pub head: Duration,
    /// For a body to come whole.
    pub body: Duration,
    /// Until an answer begins.
    pub answer: Duration,
    /// How long a client may take nothing of what it is sent.
    pub stall: Duration,
    /// Most connections at a time.
    pub connections: usize,
    /// Wrong tokens that an address may show at once.
    pub wrong_tokens: u32,
    /// Time after which it may show another.
    pub wrong_token_every: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(30),
            body: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            connections: 1024,
            wrong_tokens: 20,
            wrong_token_every: Duration::from_secs(3),
        }
    }
}
