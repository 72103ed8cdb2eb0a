//! What the web can be told, and which of it is refused (law 10).

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};

use bc_schema::Retention;

use crate::error::ConfigError;
use crate::limits::Limits;

/// Settings of the web, with their defaults.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens: decides which `Host` headers are ours, and whether authentication may be off.
    pub listen: SocketAddr,
    /// URL prefix behind a proxy (`/stats`), or empty. Requests are taken with and without it.
    pub prefix: String,
    /// Ask for tokens.
    pub auth: bool,
    /// What signs tokens (HS256).
    pub secret: Secret,
    /// Allow authentication to be off on an address that is not loopback.
    pub insecure: bool,
    /// The retention rule that answers are clipped to.
    pub retention: Retention,
    /// Tells this data directory from others on the same host name in the names of cookies.
    pub data_tag: String,
    /// The name of this machine: shown on the page, and taken as a `Host`.
    pub host: String,
    /// Further names that this server is reached by (through a proxy, say).
    pub allowed_hosts: Vec<String>,
    /// Bounds on requests.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 5000)),
            prefix: String::new(),
            auth: true,
            secret: Secret::default(),
            insecure: false,
            retention: Retention::default(),
            data_tag: String::new(),
            host: "localhost".into(),
            allowed_hosts: Vec::new(),
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// Refuses what is not safe to serve with, saying what to do instead.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.auth {
            self.secret.check()?;
        } else if !self.listen.ip().is_loopback() && !self.insecure {
            return Err(ConfigError::OpenToTheNetwork(self.listen));
        }
        check_prefix(&self.prefix)
    }

    /// The prefix without a slash at its end; empty when there is none.
    pub(crate) fn prefix(&self) -> &str {
        self.prefix.trim_end_matches('/')
    }
}

fn check_prefix(prefix: &str) -> Result<(), ConfigError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~/".contains(c);
    let bare = prefix.trim_end_matches('/');
    let good = bare.is_empty()
        || bare.starts_with('/')
            && bare.chars().all(plain)
            && bare
                .split('/')
                .skip(1)
                .all(|part| !matches!(part, "" | "." | ".."));
    if good {
        Ok(())
    } else {
        Err(ConfigError::BadPrefix(prefix.to_owned()))
    }
}

/// What signs tokens. Shows itself to no log.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

/// Long enough to pass, and printed in somebody's manual.
const EXAMPLES: [&str; 6] = [
    "your-256-bit-secret",
    "a-string-secret-at-least-256-bits-long",
    "change-me-to-a-random-secret",
    "changemechangeme",
    "supersecretsecret",
    "please-change-this-secret",
];

impl Secret {
    /// Fewest bytes that are taken.
    pub const MIN_BYTES: usize = 16;

    /// Takes the text as it is; [`Config::check`] judges it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for signing.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn check(&self) -> Result<(), ConfigError> {
        let text = self.0.trim();
        if text.is_empty() {
            return Err(ConfigError::SecretEmpty);
        }
        if text.len() < Self::MIN_BYTES {
            return Err(ConfigError::SecretShort(text.len()));
        }
        let mut distinct: Vec<u8> = text.bytes().collect();
        distinct.sort_unstable();
        distinct.dedup();
        // `xxxxxxxxxxxxxxxx`, `1212121212121212`: a placeholder by any name.
        if distinct.len() < 6 || EXAMPLES.contains(&text.to_ascii_lowercase().as_str()) {
            return Err(ConfigError::SecretExample);
        }
        Ok(())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "k2J8-vQ0x_Zr5LmN7tWd";

    fn with_secret(secret: &str) -> Config {
        Config {
            secret: Secret::new(secret),
            ..Config::default()
        }
    }

    #[test]
    fn empty_short_and_example_secrets_are_refused() {
        assert_eq!(with_secret("").check(), Err(ConfigError::SecretEmpty));
        assert_eq!(with_secret("   \n").check(), Err(ConfigError::SecretEmpty));
        assert_eq!(
            with_secret("hunter2").check(),
            Err(ConfigError::SecretShort(7))
        );
        assert_eq!(
            with_secret("your-256-bit-secret").check(),
            Err(ConfigError::SecretExample)
        );
        assert_eq!(
            with_secret("xxxxxxxxxxxxxxxxxxxxxxxx").check(),
            Err(ConfigError::SecretExample)
        );
        assert_eq!(with_secret(GOOD).check(), Ok(()));
    }

    #[test]
    fn no_authentication_wants_loopback_or_a_clear_word() {
        let open = |listen: &str, insecure| Config {
            listen: listen.parse().unwrap(),
            auth: false,
            insecure,
            ..Config::default()
        };
        assert_eq!(open("127.0.0.1:5000", false).check(), Ok(()));
        assert_eq!(open("[::1]:5000", false).check(), Ok(()));
        assert_eq!(open("0.0.0.0:5000", true).check(), Ok(()));
        let refusal = open("0.0.0.0:5000", false).check().unwrap_err();
        assert!(refusal.to_string().contains("BC_INSECURE=1"), "{refusal}");
    }

    #[test]
    fn a_prefix_is_a_plain_path() {
        for good in ["", "/", "/stats", "/a/b-c/", "/~u"] {
            assert_eq!(check_prefix(good), Ok(()), "{good}");
        }
        for bad in ["stats", "/a//b", "/a;Path=/", "/../x", "/ü", "/a b"] {
            assert!(check_prefix(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_secret_is_not_printed() {
        assert!(!format!("{:?}", with_secret(GOOD)).contains(GOOD));
    }
}
