//! The environment as a source of settings. It is passed in as a value, so that tests need not touch the process's own.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::Context;
use bc_web::Secret;

use super::Layer;
use super::nearest::nearest;

/// What all variables of our own are called at the beginning.
const OURS: &str = "BC_";

/// All that is read here, but for what sudo says.
pub(super) const KNOWN: [&str; 9] = [
    "AUTH_DISABLE",
    "AUTH_SECRET",
    "BC_CONFIG",
    "BC_DEBUG",
    "BC_INSECURE",
    "BC_PREFIX",
    "BC_RETENTION_HOURS",
    "BC_RETENTION_MINUTES",
    "BC_RETENTION_SECONDS",
];

/// The calculator `bc` reads these.
const OF_OTHERS: [&str; 2] = ["BC_ENV_ARGS", "BC_LINE_LENGTH"];

/// A variable that is called like ours, and is none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stranger {
    /// Its name.
    pub(crate) name: String,
    /// The one that may have been meant.
    pub(crate) meant: Option<&'static str>,
}

/// Environment variables by name.
#[derive(Default)]
pub(crate) struct Environment(HashMap<String, String>);

impl Environment {
    /// The process's own; a variable that is not UTF-8 is none of ours.
    pub(crate) fn of_this_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// Where the configuration file is said to be.
    pub(crate) fn config(&self) -> Option<PathBuf> {
        self.text("BC_CONFIG").map(PathBuf::from)
    }

    /// Variables that are called like ours, and are none, by name.
    pub(super) fn strangers(&self) -> Vec<Stranger> {
        // What all of them begin with makes none of them alike.
        let known = KNOWN.map(|name| name.strip_prefix(OURS).unwrap_or(name));
        let mut strangers: Vec<_> = self
            .0
            .keys()
            .filter(|name| !KNOWN.contains(&name.as_str()) && !OF_OTHERS.contains(&name.as_str()))
            .filter_map(|name| {
                let meant = nearest(name.strip_prefix(OURS)?, &known)
                    .and_then(|rest| KNOWN.into_iter().find(|known| known.ends_with(rest)));
                let name = name.clone();
                Some(Stranger { name, meant })
            })
            .collect();
        strangers.sort_by(|one, other| one.name.cmp(&other.name));
        strangers
    }

    /// Whom sudo says it was called by: user and group.
    pub(crate) fn sudo(&self) -> Option<(&str, &str)> {
        Some((self.0.get("SUDO_UID")?, self.0.get("SUDO_GID")?))
    }

    /// Whether a variable that is none of ours says this.
    pub(crate) fn says(&self, name: &str, value: &str) -> bool {
        self.0.get(name).is_some_and(|said| said == value)
    }

    /// What it says of settings.
    pub(crate) fn layer(&self) -> anyhow::Result<Layer> {
        Ok(Layer {
            // Set but empty is an unsafe secret to refuse, not one to pass over.
            secret: self.get("AUTH_SECRET").map(Secret::new),
            auth: self.switch("AUTH_DISABLE").then_some(false),
            insecure: self.switch("BC_INSECURE").then_some(true),
            prefix: self.text("BC_PREFIX"),
            log: self.switch("BC_DEBUG").then(|| "debug".into()),
            seconds_s: self.seconds("BC_RETENTION_SECONDS")?,
            minutes_s: self.seconds("BC_RETENTION_MINUTES")?,
            hours_s: self.seconds("BC_RETENTION_HOURS")?,
            ..Layer::default()
        })
    }

    fn get(&self, name: &str) -> Option<&String> {
        debug_assert!(KNOWN.contains(&name), "{name} is read, and not known");
        self.0.get(name)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// On when set, but for what plainly says no.
    fn switch(&self, name: &str) -> bool {
        self.text(name).is_some_and(|value| {
            !["0", "false", "no", "off"].contains(&value.to_ascii_lowercase().as_str())
        })
    }

    fn seconds(&self, name: &str) -> anyhow::Result<Option<u64>> {
        self.text(name)
            .map(|value| {
                value.trim().parse().with_context(|| {
                    format!(
                        "the environment says {name}={value}, which is no whole number of seconds"
                    )
                })
            })
            .transpose()
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}
