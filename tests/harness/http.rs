//! A small HTTP client that sends exactly what it is told, also what no proper client would.
//!
//! It speaks HTTP/1.0: an answer then ends with the connection, and needs no further decoding.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Instant;

use socket2::{Domain, Socket, Type};

use super::wait::PATIENCE;

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The header lines, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: String,
}

impl Answer {
    /// The first header of that name; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map_or("", |(_, value)| value)
    }

    /// Fails unless it is a refusal with this status, as `application/problem+json` and with words about what was wrong.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, about: &str) {
        assert_eq!(self.status, status, "{about}: {}", self.body);
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{about}: {}",
            self.body
        );
        let problem = self.json();
        assert_eq!(
            (&problem["type"], &problem["status"]),
            (&"about:blank".into(), &status.into()),
            "{about}"
        );
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty()),
            "{about}: {problem}"
        );
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| {
            panic!(
                "not JSON ({error}): status {}, body {:?}",
                self.status, self.body
            )
        })
    }
}

/// Opens a connection and sends a request as it stands.
fn send(address: SocketAddr, request: &[u8]) -> BufReader<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)
        .unwrap_or_else(|error| panic!("connecting to {address}: {error}"));
    sent(stream, request)
}

/// The same from an address of the caller's choice: all of 127.0.0.0/8 is this machine.
fn send_from(source: Ipv4Addr, address: SocketAddr, request: &[u8]) -> BufReader<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket
        .bind(&SocketAddr::from((source, 0)).into())
        .and_then(|()| socket.connect_timeout(&address.into(), PATIENCE))
        .unwrap_or_else(|error| panic!("connecting from {source} to {address}: {error}"));
    sent(socket.into(), request)
}

fn sent(mut stream: TcpStream, request: &[u8]) -> BufReader<TcpStream> {
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a timeout above zero is taken");
    // A server may refuse a long request before it has read all of it: its answer is what counts.
    let _ = stream.write_all(request);
    BufReader::new(stream)
}

fn head(stream: &mut impl BufRead) -> (u16, Vec<(String, String)>) {
    let mut line = String::new();
    let mut next = || {
        line.clear();
        stream
            .read_line(&mut line)
            .expect("the server answers in time");
        line.trim_end().to_owned()
    };
    let first = next();
    let status = first
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or_else(|| panic!("no HTTP answer: {first:?}"));
    let headers = std::iter::from_fn(|| Some(next()).filter(|line| !line.is_empty()))
        .map(|line| {
            line.split_once(':')
                .map(|(n, v)| (n.to_lowercase(), v.trim().to_owned()))
                .unwrap_or((line, String::new()))
        })
        .collect();
    (status, headers)
}

/// Sends a request as it stands and reads the answer.
pub(crate) fn raw(address: SocketAddr, request: &[u8]) -> Answer {
    answer(send(address, request))
}

fn answer(mut stream: BufReader<TcpStream>) -> Answer {
    let (status, headers) = head(&mut stream);
    let mut body = Vec::new();
    let until = Instant::now() + PATIENCE;
    let mut piece = [0; 8192];
    // A connection that is reset after a refusal still delivered the refusal.
    while let Ok(length @ 1..) = stream.read(&mut piece) {
        body.extend_from_slice(&piece[..length]);
        assert!(
            Instant::now() < until,
            "the answer has no end: {}",
            String::from_utf8_lossy(&body)
        );
    }
    Answer {
        status,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

/// A request as bytes, with further header lines.
fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.0\r\nHost: {address}\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    (text + "\r\n" + body).into_bytes()
}

/// Asks for something.
pub(crate) fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Answer {
    call(address, "GET", path, headers, "")
}

/// Asks for something as somebody at another address.
pub(crate) fn get_from(
    source: Ipv4Addr,
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let request = request(address, "GET", path, headers, "");
    answer(send_from(source, address, &request))
}

/// Any method, with a body.
pub(crate) fn call(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    raw(address, &request(address, method, path, headers, body))
}

/// The lines of an endless answer, as they come.
pub(crate) fn lines(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
) -> impl Iterator<Item = String> {
    let mut stream = send(address, &request(address, "GET", path, headers, ""));
    let (status, _) = head(&mut stream);
    assert_eq!(status, 200, "{path} does not stream");
    stream.lines().map(|line| line.expect("the stream goes on"))
}

/// Percent-encodes one segment of a path or one value of a query.
pub(crate) fn segment(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    text.bytes()
        .map(|b| {
            if plain(b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}
