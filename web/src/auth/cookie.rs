//! Sessions: a token kept by the browser where no script can read it.
//!
//! The cookie holds the token itself, so the server keeps no list. Its name holds hashes of the data directory and of the container, so
//! that a second tab, or a second server on another port of the same host, logs nobody out.

use axum::http::{HeaderMap, header};

use super::Pass;
use super::token::{Subject, now_s};
use crate::problem::Problem;

/// Browsers keep about 4096 bytes of name, value and attributes together.
const MAX_TOKEN_BYTES: usize = 3_500;

/// Names and writes the cookies of one server.
pub(crate) struct Cookies {
    /// What the names of all our cookies begin with.
    prefix: String,
    path: String,
}

impl Cookies {
    pub(crate) fn new(data_tag: &str, url_prefix: &str) -> Self {
        let path = if url_prefix.is_empty() {
            "/"
        } else {
            url_prefix
        };
        Self {
            prefix: format!("bc_{}_", short_hash("data", data_tag)),
            path: path.to_owned(),
        }
    }

    /// The name of the cookie that speaks for somebody.
    pub(super) fn name(&self, subject: &Subject) -> String {
        let subject = match subject {
            Subject::Container(id) => short_hash("container", id.short().unwrap_or(id.as_str())),
            Subject::Admin => short_hash("admin", ""),
        };
        format!("{}{subject}", self.prefix)
    }

    /// The values of our cookies in a request, whatever their subject.
    pub(crate) fn ours<'a>(&self, headers: &'a HeaderMap) -> Vec<&'a str> {
        let texts = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok());
        texts
            .flat_map(|text| text.split(';'))
            .filter_map(|pair| {
                pair.trim()
                    .strip_prefix(&self.prefix)?
                    .split_once('=')
                    .map(|(_, value)| value)
            })
            .collect()
    }

    /// The `Set-Cookie` value for a token that was found good.
    pub(crate) fn set(&self, pass: &Pass, token: &str) -> Result<String, Problem> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Problem::BadRequest(format!(
                "the token is longer than {MAX_TOKEN_BYTES} bytes; browsers keep no such cookie"
            )));
        }
        // Without `exp` the cookie lasts as long as the browser does.
        let age = pass
            .expires_s
            .map(|exp| format!("; Max-Age={}", exp.saturating_sub(now_s())))
            .unwrap_or_default();
        Ok(format!(
            "{}={token}{}{age}",
            self.name(&pass.subject),
            self.attributes()
        ))
    }

    /// The `Set-Cookie` value that takes a cookie away.
    pub(crate) fn clear(&self, subject: &Subject) -> String {
        format!("{}={}; Max-Age=0", self.name(subject), self.attributes())
    }

    fn attributes(&self) -> String {
        format!("; Path={}; HttpOnly; SameSite=Strict", self.path)
    }
}

fn short_hash(kind: &str, text: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(kind.as_bytes());
    hasher.update(&[0]);
    hasher.update(text.as_bytes());
    hasher.finalize().to_hex()[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use bc_schema::ContainerId;

    use super::*;

    #[test]
    fn the_cookie_is_for_the_server_alone_and_ends_with_its_token() {
        let cookies = Cookies::new("dir", "/stats");
        let pass = Pass {
            subject: Subject::Admin,
            expires_s: Some(now_s() + 1000),
        };
        let set = cookies.set(&pass, "a.b.c").unwrap();
        let (name, rest) = set.split_once('=').unwrap();
        assert!(name.starts_with("bc_") && !name.contains("dir"));
        let (attributes, age) = rest.rsplit_once("Max-Age=").unwrap();
        assert_eq!(
            attributes,
            "a.b.c; Path=/stats; HttpOnly; SameSite=Strict; "
        );
        assert!((998..=1000).contains(&age.parse::<u64>().unwrap()));
        assert_eq!(
            cookies.clear(&Subject::Admin),
            format!("{name}=; Path=/stats; HttpOnly; SameSite=Strict; Max-Age=0")
        );
    }

    #[test]
    fn one_name_for_both_spellings_of_an_id() {
        let cookies = Cookies::new("dir", "");
        let name = |text: &str| cookies.name(&Subject::Container(ContainerId::new(text).unwrap()));
        let full = "262b281ffa9d0123456789abcdef0123456789abcdef0123456789abcdef0123";
        assert_eq!(name(full), name("262b281ffa9d"));
        assert_ne!(name("job_1"), name("job_2"));
        assert_ne!(
            name("job_1"),
            Cookies::new("other", "").name(&Subject::Container(ContainerId::new("job_1").unwrap()))
        );
    }
}
