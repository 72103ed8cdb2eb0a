//! Links to the page, with the token that opens it. What a token says is the web's.

use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

use bc_schema::ContainerId;
use bc_web::Secret;
use bc_web::token::{Subject, mint};

use crate::settings::Settings;

/// How long the link that `up` prints is good for.
pub(crate) const ADMIN_FOR: Duration = Duration::from_secs(12 * 3600);

/// How long the link that `run` prints is good for, and whatever else a user is given for a run of theirs.
pub(crate) const RUN_FOR: Duration = Duration::from_secs(7 * 24 * 3600);

/// Makes links to one page.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    page: String,
    /// Absent: nobody asks for a token.
    secret: Option<Secret>,
}

impl Links {
    /// Links to the page that is served on `listen` with these settings.
    pub(crate) fn new(settings: &Settings, listen: SocketAddr, secret: &Secret) -> Self {
        let machine = &settings.recorder.host;
        let address = match &settings.hostname {
            Some(name) => format!("{name}:{}", listen.port()),
            // Nobody can go to "every address"; the machine's name is the best guess.
            None if listen.ip().is_unspecified() => format!("{machine}:{}", listen.port()),
            None => listen.to_string(),
        };
        let page = format!("http://{address}{}/static/index.html", settings.prefix);
        Self {
            page,
            secret: settings.auth.then(|| secret.clone()),
        }
    }

    /// The page of everything.
    pub(crate) fn admin(&self) -> String {
        self.page.clone() + &self.query(None)
    }

    /// One container's page.
    pub(crate) fn container(&self, id: &ContainerId) -> String {
        self.page.clone() + &self.query(Some(id))
    }

    /// A token for one container's page; absent: nobody asks for it.
    pub(crate) fn token(&self, id: &ContainerId, good_for: Duration) -> Option<String> {
        let secret = self.secret.as_ref()?;
        Some(mint(
            secret.expose(),
            Subject::Container(id.clone()),
            good_for,
        ))
    }

    fn query(&self, id: Option<&ContainerId>) -> String {
        let mut parts = Vec::new();
        if let Some(id) = id {
            parts.push(format!("container={}", percent_encoded(id.as_str())));
        }
        if let Some(secret) = &self.secret {
            let (subject, good_for) = match id {
                Some(id) => (Subject::Container(id.clone()), RUN_FOR),
                None => (Subject::Admin, ADMIN_FOR),
            };
            parts.push(format!(
                "token={}",
                mint(secret.expose(), subject, good_for)
            ));
        }
        if parts.is_empty() {
            String::new()
        } else {
            format!("?{}", parts.join("&"))
        }
    }
}

/// Everything but what may stand in a query as it is.
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            // Writing to a string does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Environment, Folder, Layer};

    fn links(layer: Layer) -> Links {
        let settings =
            Settings::resolve(layer, None, &Environment::default(), Folder::OfTheCommand).unwrap();
        Links::new(
            &settings,
            settings.listen,
            &Secret::new("0123456789abcdef0123456789abcdef"),
        )
    }

    #[test]
    fn links_name_an_address_that_one_can_go_to() {
        let at = |layer: Layer| {
            links(Layer {
                auth: Some(false),
                insecure: Some(true),
                ..layer
            })
            .admin()
        };
        assert_eq!(
            at(Layer::default()),
            "http://127.0.0.1:5000/static/index.html"
        );
        let all = || Layer {
            listen: Some("[::]:80".parse().unwrap()),
            host: Some("node-1".into()),
            ..Layer::default()
        };
        assert_eq!(at(all()), "http://node-1:80/static/index.html");
        let named = Layer {
            hostname: Some("stats.example.org".into()),
            prefix: Some("bubbles".into()),
            ..all()
        };
        assert_eq!(
            at(named),
            "http://stats.example.org:80/bubbles/static/index.html"
        );
    }

    #[test]
    fn ids_stay_one_parameter() {
        let id = ContainerId::new("/a b&token=é").unwrap();
        let link = links(Layer {
            auth: Some(false),
            ..Layer::default()
        })
        .container(&id);
        assert!(
            link.ends_with("?container=%2Fa%20b%26token%3D%C3%A9"),
            "{link}"
        );
        let link = links(Layer::default()).container(&id);
        assert_eq!(link.matches("&token=").count(), 1, "{link}");
    }
}
