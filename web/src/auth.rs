//! Who asks, and what they may see. The only place that knows JSON Web Tokens (law 11).
//!
//! What a refusal looks like is [`crate::problem`]'s; which container a route is about is the route's.

mod cookie;
mod duration;
pub(crate) mod guesses;
pub mod token;

use axum::http::{HeaderMap, header};
use bc_schema::ContainerId;

use crate::config::Config;
use crate::problem::Problem;
use token::{Subject, Verifier};

/// What the caller showed, once it was found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pass {
    /// For whom it speaks.
    pub(crate) subject: Subject,
    /// When it stops to, seconds since the epoch; `None`: never.
    pub(crate) expires_s: Option<u64>,
}

impl Pass {
    /// Authentication is off: everybody is an admin.
    const OPEN: Pass = Pass {
        subject: Subject::Admin,
        expires_s: None,
    };

    pub(crate) fn is_admin(&self) -> bool {
        self.subject == Subject::Admin
    }

    /// The only container it may see; `None`: all.
    pub(crate) fn container(&self) -> Option<&ContainerId> {
        match &self.subject {
            Subject::Container(id) => Some(id),
            Subject::Admin => None,
        }
    }

    fn admits(&self, id: &ContainerId) -> bool {
        self.container().is_none_or(|own| same_container(own, id))
    }
}

/// Whether two ids name one container: equal, or a 64-digit id and its first 12 characters.
pub(crate) fn same_container(a: &ContainerId, b: &ContainerId) -> bool {
    a == b || a.short() == Some(b.as_str()) || b.short() == Some(a.as_str())
}

/// Judges requests.
pub(crate) struct Auth {
    /// `None`: authentication is off.
    verifier: Option<Verifier>,
    cookies: cookie::Cookies,
}

impl Auth {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            verifier: config.auth.then(|| Verifier::new(config.secret.expose())),
            cookies: cookie::Cookies::new(&config.data_tag, config.prefix()),
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.verifier.is_some()
    }

    /// Who asks for `container` (`None`: for no one in particular). A token in the header decides alone; otherwise the cookie that
    /// fits the container, or the admin's.
    pub(crate) fn pass(
        &self,
        headers: &HeaderMap,
        container: Option<&ContainerId>,
    ) -> Result<Pass, Problem> {
        let Some(verifier) = &self.verifier else {
            return Ok(Pass::OPEN);
        };
        let pass = match header_token(headers) {
            Some(token) => verifier.verify(token)?,
            None => self.cookie_pass(verifier, headers, container)?,
        };
        match container {
            Some(id) if !pass.admits(id) => Err(Problem::OtherContainer),
            _ => Ok(pass),
        }
    }

    fn cookie_pass(
        &self,
        verifier: &Verifier,
        headers: &HeaderMap,
        container: Option<&ContainerId>,
    ) -> Result<Pass, Problem> {
        let ours = self.cookies.ours(headers);
        if ours.is_empty() {
            return Err(Problem::NotAuthorized(
                "a token is needed; open the page by the link that holds one, or send it as `Authorization: token …`",
            ));
        }
        let good = |pass: &Pass| container.is_none_or(|id| pass.admits(id));
        let mut passes: Vec<Pass> = Vec::new();
        let mut wrong = false;
        for token in ours {
            match verifier.verify(token) {
                Ok(pass) => passes.push(pass),
                Err(problem) => wrong |= matches!(problem, Problem::WrongToken(_)),
            }
        }
        // A container's own cookie goes first where a container is asked for, the admin's where none is.
        passes.sort_by_key(|pass| pass.is_admin() == container.is_some());
        if let Some(pass) = passes.iter().find(|pass| good(pass)) {
            return Ok(pass.clone());
        }
        let ended = "the session has ended; open the page by a link with a new token";
        passes.into_iter().next().ok_or(if wrong {
            Problem::WrongToken(ended)
        } else {
            Problem::NotAuthorized(ended)
        })
    }

    /// Turns a token into the cookie that stands for it: the value of a `Set-Cookie` header. `None` when authentication is off.
    pub(crate) fn open_session(
        &self,
        token: &str,
        container: Option<&ContainerId>,
    ) -> Result<Option<String>, Problem> {
        let Some(verifier) = &self.verifier else {
            return Ok(None);
        };
        let pass = verifier.verify(token)?;
        if container.is_some_and(|id| !pass.admits(id)) {
            return Err(Problem::OtherContainer);
        }
        self.cookies.set(&pass, token).map(Some)
    }

    /// The name of the admin's cookie.
    pub(crate) fn admin_cookie(&self) -> String {
        self.cookies.name(&Subject::Admin)
    }

    /// The `Set-Cookie` headers that end the session of a container, or of an admin.
    pub(crate) fn close_session(&self, container: Option<&ContainerId>) -> String {
        self.cookies
            .clear(&container.map_or(Subject::Admin, |id| Subject::Container(id.clone())))
    }
}

/// The token of an `Authorization` header of a scheme that is ours. Others (a proxy's `Basic`) are not for us.
fn header_token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?;
    // A header of ours that is not even text is a bad token, not a missing one.
    let text = value.to_str().unwrap_or("token ");
    let (scheme, token) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    (scheme.eq_ignore_ascii_case("token") || scheme.eq_ignore_ascii_case("bearer"))
        .then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::HeaderValue;

    use super::*;
    use crate::config::Secret;

    const SECRET: &str = "k2J8-vQ0x_Zr5LmN7tWd";
    const FULL: &str = "262b281ffa9d0123456789abcdef0123456789abcdef0123456789abcdef0123";

    fn id(text: &str) -> ContainerId {
        ContainerId::new(text).unwrap()
    }

    fn auth() -> Auth {
        Auth::new(&Config {
            secret: Secret::new(SECRET),
            data_tag: "d".into(),
            ..Config::default()
        })
    }

    fn cookie_of(auth: &Auth, subject: Subject) -> String {
        let token = token::mint(SECRET, subject, Duration::from_secs(60));
        let set = auth.open_session(&token, None).unwrap().unwrap();
        set.split(';').next().unwrap().to_owned()
    }

    fn cookies(pairs: &[String]) -> HeaderMap {
        HeaderMap::from_iter([(
            header::COOKIE,
            HeaderValue::from_str(&pairs.join("; ")).unwrap(),
        )])
    }

    #[test]
    fn a_full_id_and_its_beginning_are_one_container() {
        assert!(
            same_container(&id(FULL), &id("262b281ffa9d"))
                && same_container(&id("262b281ffa9d"), &id(FULL))
        );
        assert!(
            !same_container(&id(FULL), &id("262b281ffa9"))
                && !same_container(&id("job_1"), &id("job_12"))
        );
        let other = FULL.replace("0123", "3210");
        assert!(!same_container(&id(FULL), &id(&other)));
    }

    #[test]
    fn the_cookie_that_fits_the_container_is_taken() {
        let auth = auth();
        let [one, two] =
            ["job_1", "job_2"].map(|name| cookie_of(&auth, Subject::Container(id(name))));
        let admin = cookie_of(&auth, Subject::Admin);
        let both = cookies(&[one.clone(), two]);
        assert_eq!(
            auth.pass(&both, Some(&id("job_2"))).unwrap().container(),
            Some(&id("job_2"))
        );
        assert!(matches!(
            auth.pass(&both, Some(&id("job_3"))),
            Err(Problem::OtherContainer)
        ));
        let with_admin = cookies(&[one, admin]);
        assert!(
            auth.pass(&with_admin, Some(&id("job_3")))
                .unwrap()
                .is_admin()
        );
        assert!(auth.pass(&with_admin, None).unwrap().is_admin());
        assert!(
            !auth
                .pass(&with_admin, Some(&id("job_1")))
                .unwrap()
                .is_admin()
        );
    }

    #[test]
    fn a_bad_token_in_the_header_is_not_saved_by_a_cookie() {
        let auth = auth();
        let mut headers = cookies(&[cookie_of(&auth, Subject::Admin)]);
        headers.insert(
            header::AUTHORIZATION,
            HeaderValue::from_static("token rubbish"),
        );
        assert!(matches!(
            auth.pass(&headers, None),
            Err(Problem::WrongToken(_))
        ));
        headers.insert(
            header::AUTHORIZATION,
            HeaderValue::from_static("Basic dTpw"),
        );
        assert!(auth.pass(&headers, None).unwrap().is_admin());
    }

    #[test]
    fn another_data_directory_does_not_see_the_cookie() {
        let headers = cookies(&[cookie_of(&auth(), Subject::Admin)]);
        let other = Auth::new(&Config {
            secret: Secret::new(SECRET),
            data_tag: "e".into(),
            ..Config::default()
        });
        assert!(matches!(
            other.pass(&headers, None),
            Err(Problem::NotAuthorized(_))
        ));
    }
}
