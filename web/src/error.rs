//! Why the web does not start, or stopped. What a request did wrong is [`crate::problem`]'s.

use std::net::SocketAddr;

/// Why [`crate::run`] came back.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings are not safe to serve with.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// A setting that is refused (law 10). Never holds the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No secret.
    #[error(
        "the secret that signs tokens is empty: anyone could sign their own; set AUTH_SECRET to at least {} random characters",
        crate::config::Secret::MIN_BYTES
    )]
    SecretEmpty,
    /// Too short to withstand guessing.
    #[error(
        "the secret that signs tokens has {0} characters, which can be guessed; set AUTH_SECRET to at least {min} random characters",
        min = crate::config::Secret::MIN_BYTES
    )]
    SecretShort(usize),
    /// Taken from an example.
    #[error(
        "the secret that signs tokens is a well-known example; set AUTH_SECRET to random characters of your own"
    )]
    SecretExample,
    /// Everything would be open to the network.
    #[error(
        "authentication is off and {0} is not a loopback address: whoever reaches it could read everything; turn authentication on, \
         listen on 127.0.0.1, or set BC_INSECURE=1 if that is what you want"
    )]
    OpenToTheNetwork(SocketAddr),
    /// The URL prefix cannot be one.
    #[error(
        "the URL prefix `{0}` (BC_PREFIX) is not a path such as /stats: letters, digits, `-`, `_`, `.`, `~` between slashes"
    )]
    BadPrefix(String),
}
