//! The address and port that the page is served on, as people write it.

use std::net::SocketAddr;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// What the command line and the file take alike.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    // The one name whose address everybody knows.
    let address = text
        .strip_prefix("localhost:")
        .map_or(text.to_owned(), |port| format!("127.0.0.1:{port}"));
    address.parse().map_err(|_| {
        "it takes an address and a port, as 127.0.0.1:5000, [::1]:5000 or 0.0.0.0:80".into()
    })
}

/// The same in the file.
pub(super) struct Address(pub(super) SocketAddr);

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
        address(&String::deserialize(text)?)
            .map(Self)
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_understood() {
        assert_eq!(
            address("localhost:80").unwrap(),
            "127.0.0.1:80".parse().unwrap()
        );
        assert_eq!(address("[::1]:80").unwrap(), "[::1]:80".parse().unwrap());
        assert!(address("5000").unwrap_err().contains("127.0.0.1:5000"));
    }
}
