//! Requests that a browser was tricked into: a `Host` that is not ours (DNS rebinding), and changes asked for by another site.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::config::Config;
use crate::problem::Problem;

/// Lets through what is addressed to us and, where it changes something, comes from our own page or from no page.
pub(crate) async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let changes = !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let verdict = host(&app.config, &request).and_then(|host| {
        if changes {
            origin(&app.config, request.headers(), &host)
        } else {
            Ok(())
        }
    });
    match verdict {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Whom the request is addressed to, if that is us: its one `Host`, or the whole address it asks for, which goes before that.
fn host(config: &Config, request: &Request) -> Result<String, Problem> {
    let mut given = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (given.next(), given.next()) else {
        return Err(Problem::BadRequest(
            "a request needs one Host header".into(),
        ));
    };
    let host = match request.uri().authority() {
        Some(authority) => authority.as_str(),
        None => host
            .to_str()
            .map_err(|_| Problem::BadRequest("the Host header is not text".into()))?,
    }
    .to_ascii_lowercase();
    if name_of(&host).is_some_and(|name| is_ours(config, name)) {
        Ok(host)
    } else {
        Err(Problem::WrongHost(host))
    }
}

/// Whether a change comes from our own page. Programs that are no browsers send no `Origin`; browsers always do.
fn origin(config: &Config, headers: &HeaderMap, host: &str) -> Result<(), Problem> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let origin = origin.to_str().unwrap_or("null").to_ascii_lowercase();
    let authority = origin
        .split_once("://")
        .map_or("", |(_, authority)| authority);
    // Behind a proxy the browser knows us by a configured name, and the Host header may be the proxy's own choice.
    if authority == host || name_of(authority).is_some_and(|name| is_configured(config, name)) {
        return Ok(());
    }
    Err(Problem::Forbidden(format!(
        "a page of `{origin}` may not change anything here"
    )))
}

/// The name in `name:port`, without the brackets of an IPv6 address and the dot that may end a name in full; `None` where it is neither.
fn name_of(authority: &str) -> Option<&str> {
    let (name, rest) = match authority.strip_prefix('[') {
        Some(inside) => inside.split_once(']')?,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port = rest.strip_prefix(':').unwrap_or(rest);
    let is_port =
        port.is_empty() || rest != port && port.bytes().all(|digit| digit.is_ascii_digit());
    is_port.then(|| name.strip_suffix('.').unwrap_or(name))
}

fn is_ours(config: &Config, name: &str) -> bool {
    if let Ok(address) = name.parse::<IpAddr>() {
        // An address cannot be rebound: a server that listens on all of them is known by any.
        let listen = config.listen.ip();
        return address.is_loopback()
            || address == listen
            || listen.is_unspecified()
            || is_configured(config, name);
    }
    name == "localhost"
        || name.ends_with(".localhost")
        || name == config.host.to_ascii_lowercase()
        || is_configured(config, name)
}

fn is_configured(config: &Config, name: &str) -> bool {
    !name.is_empty()
        && config
            .allowed_hosts
            .iter()
            .any(|allowed| name_of(&allowed.to_ascii_lowercase()) == Some(name))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::HeaderValue;

    use super::*;

    fn config(listen: &str) -> Config {
        Config {
            listen: listen.parse().unwrap(),
            host: "node1".into(),
            allowed_hosts: vec!["Stats.example.org".into()],
            ..Config::default()
        }
    }

    fn host_of(config: &Config, text: &str) -> bool {
        asked(config, "/ping", text)
    }

    fn asked(config: &Config, address: &str, host_header: &str) -> bool {
        let request = Request::builder()
            .uri(address)
            .header(header::HOST, host_header);
        host(config, &request.body(Body::empty()).unwrap()).is_ok()
    }

    #[test]
    fn only_our_own_names_are_hosts() {
        let local = config("127.0.0.1:5000");
        for good in [
            "127.0.0.1:5000",
            "localhost",
            "LOCALHOST:81",
            "[::1]:5000",
            "127.3.2.1",
            "node1:5000",
            "node1.",
            "localhost.:5000",
            "localhost:",
            "stats.example.org",
        ] {
            assert!(host_of(&local, good), "{good}");
        }
        for bad in [
            "evil.example",
            "10.0.0.1",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "",
            "[::2]",
            "[::1",
            "[::1]5000",
            "::1",
            ".",
            "localhost:http",
            "localhost:80:80",
            "me@localhost",
            "stats.example.org.evil",
        ] {
            assert!(!host_of(&local, bad), "{bad}");
        }
        let wide = config("0.0.0.0:5000");
        assert!(host_of(&wide, "10.0.0.1:5000") && !host_of(&wide, "evil.example:5000"));
        assert!(
            host_of(&config("10.0.0.1:5000"), "10.0.0.1")
                && !host_of(&config("10.0.0.1:5000"), "10.0.0.2")
        );
    }

    #[test]
    fn a_whole_address_goes_before_the_header() {
        let local = config("127.0.0.1:5000");
        assert!(asked(&local, "http://localhost:5000/ping", "localhost"));
        assert!(asked(&local, "http://localhost/ping", "evil.example"));
        assert!(!asked(&local, "http://evil.example/ping", "localhost"));
        assert!(!asked(&local, "http://me@localhost/ping", "localhost"));
    }

    #[test]
    fn changes_come_from_our_own_page() {
        let config = config("127.0.0.1:5000");
        let from = |text: &'static str| {
            let headers = HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static(text))]);
            origin(&config, &headers, "127.0.0.1:5000").is_ok()
        };
        assert!(from("http://127.0.0.1:5000") && from("https://stats.example.org"));
        for bad in [
            "null",
            "",
            "http://127.0.0.1:5001",
            "http://localhost:5000",
            "https://evil.example",
            "http://127.0.0.1:5000.evil.example",
        ] {
            assert!(!from(bad), "{bad}");
        }
        assert!(origin(&config, &HeaderMap::new(), "127.0.0.1:5000").is_ok());
    }
}
