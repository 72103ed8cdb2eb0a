//! The environment as a source of settings. It is passed in as a value, so that tests need not touch the process's own.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::Context;
use bc_web::Secret;

use super::Layer;

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

    /// Whom sudo says it was called by: user and group.
    pub(crate) fn sudo(&self) -> Option<(&str, &str)> {
        Some((self.0.get("SUDO_UID")?, self.0.get("SUDO_GID")?))
    }

    /// What it says of settings.
    pub(crate) fn layer(&self) -> anyhow::Result<Layer> {
        Ok(Layer {
            // Set but empty is an unsafe secret to refuse, not one to pass over.
            secret: self.0.get("AUTH_SECRET").map(Secret::new),
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

    fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|value| !value.is_empty()).cloned()
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
