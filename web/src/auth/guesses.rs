//! How fast one address may show wrong tokens. A good token is judged before this is asked, so nobody is shut out by what others behind
//! the same address sent; what is held back is noise in logs and work for nothing.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::limits::Limits;
use crate::problem::{Problem, WrongToken};

/// Addresses that are remembered one by one.
const MOST: usize = 4096;

/// Whom a connection is with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Wrong tokens by address.
pub(crate) struct Guesses {
    at_once: u32,
    every: Duration,
    /// Until when what was shown is paid off.
    owing: Mutex<HashMap<IpAddr, Instant>>,
}

impl Guesses {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            at_once: limits.wrong_tokens,
            every: limits.wrong_token_every,
            owing: Mutex::default(),
        }
    }

    /// Counts one; `Err`: it was one too many, and the next is taken after so long.
    fn count(&self, peer: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut owing = self.owing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut from = network(peer);
        if owing.len() >= MOST && !owing.contains_key(&from) {
            owing.retain(|_, until| *until > now);
            if owing.len() >= MOST {
                // More at a time than can be told apart share one place.
                from = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
            }
        }
        let until = owing.get(&from).map_or(now, |until| (*until).max(now)) + self.every;
        let allowed = now + self.every * self.at_once;
        if until > allowed {
            return Err(until - allowed);
        }
        owing.insert(from, until);
        Ok(())
    }
}

/// What one party has at least: an IPv4 address, or an IPv6 network of 64 bits.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        v4 => v4,
    }
}

/// Lets an answer to a wrong token out, unless there were too many before.
pub(crate) async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    let is_api = request.uri().path().starts_with("/api/");
    let answer = next.run(request).await;
    if answer.extensions().get::<WrongToken>().is_none() {
        return answer;
    }
    app.requests.wrong_tokens.inc();
    let Some(Peer(peer)) = peer else {
        return answer;
    };
    match app.guesses.count(peer, Instant::now()) {
        Ok(()) => answer,
        Err(wait) => {
            let problem = Problem::TooManyWrongTokens { wait };
            if is_api {
                problem.into_response()
            } else {
                problem.into_plain()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guesses() -> Guesses {
        Guesses::new(&Limits {
            wrong_tokens: 3,
            wrong_token_every: Duration::from_secs(2),
            ..Limits::default()
        })
    }

    fn v4(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn an_address_has_so_many_at_once_and_then_one_in_a_while() {
        let (guesses, now) = (guesses(), Instant::now());
        let after = |seconds| now + Duration::from_secs(seconds);
        for _ in 0..3 {
            assert_eq!(guesses.count(v4(1), now), Ok(()));
        }
        assert_eq!(guesses.count(v4(1), now), Err(Duration::from_secs(2)));
        assert_eq!(guesses.count(v4(2), now), Ok(()));
        assert_eq!(guesses.count(v4(1), after(1)), Err(Duration::from_secs(1)));
        assert_eq!(guesses.count(v4(1), after(2)), Ok(()));
        assert_eq!(guesses.count(v4(1), after(2)), Err(Duration::from_secs(2)));
        for _ in 0..3 {
            assert_eq!(guesses.count(v4(1), after(100)), Ok(()));
        }
    }

    #[test]
    fn one_party_is_one_however_it_spells_itself() {
        let parse = |text: &str| network(text.parse().unwrap());
        assert_eq!(parse("::ffff:192.0.2.1"), v4(1));
        assert_eq!(parse("2001:db8::1"), parse("2001:db8::ffff:1"));
        assert_ne!(parse("2001:db8::1"), parse("2001:db8:0:1::1"));
    }

    #[test]
    fn memory_is_bounded_and_the_crowd_shares_a_limit() {
        let (guesses, now) = (guesses(), Instant::now());
        let many = |i: u32| IpAddr::from((0x0a00_0000 + i).to_be_bytes());
        for i in 0..20_000 {
            let _ = guesses.count(many(i), now);
        }
        assert!(guesses.owing.lock().unwrap().len() <= MOST + 1);
        assert!(guesses.count(many(30_000), now).is_err());
        // Who was there first keeps a place of its own; later all are forgotten.
        assert_eq!(guesses.count(many(0), now), Ok(()));
        let later = now + Duration::from_secs(60);
        assert_eq!(guesses.count(many(30_000), later), Ok(()));
        assert_eq!(guesses.owing.lock().unwrap().len(), 1);
    }
}
