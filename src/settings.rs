//! What the program is told: flag over environment over file over default. What a setting does, and whether it is safe, is
//! for the part that it configures.

mod address;
mod environment;
mod file;
mod layer;
mod nearest;
mod section;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use bc_schema::Retention;
use bc_web::Secret;

use crate::data_dir::{DataDir, Lock};

pub(crate) use address::address;
pub(crate) use environment::{Environment, Stranger};
pub(crate) use layer::Layer;

/// Where records are kept unless told otherwise.
pub(crate) const DEFAULT_DATA: &str = "/var/lib/bubble-chamber";

/// Where the page is served unless told otherwise.
pub(crate) const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 5000);

/// Every setting, resolved.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The data directory.
    pub(crate) data: PathBuf,
    /// The address the page is served on.
    pub(crate) listen: SocketAddr,
    /// The name users reach the page by, for links; absent: the address.
    pub(crate) hostname: Option<String>,
    /// Path under which a proxy serves the page: empty, or `/` and a name.
    pub(crate) prefix: String,
    /// Whether tokens are asked for.
    pub(crate) auth: bool,
    /// The secret tokens are signed with; absent: the data directory's own.
    pub(crate) secret: Option<Secret>,
    /// Authentication may be off on an address that others can reach.
    pub(crate) insecure: bool,
    /// How long each resolution is kept.
    pub(crate) retention: Retention,
    /// The filter of the log, in the words of `tracing`; absent: the command's own.
    pub(crate) log: Option<String>,
    /// The recorder's own.
    pub(crate) recorder: bc_recorder::Config,
    /// The file that was read; it is told once there is a log to tell it to.
    pub(crate) file: Option<PathBuf>,
    /// Variables that are called like ours and mean nothing; they are told then, too.
    pub(crate) strangers: Vec<Stranger>,
}

/// Whose the working directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Folder {
    /// Ours: a `config.yml` in it is meant for us.
    Ours,
    /// That of a command which is run: a `config.yml` in it is anybody's.
    OfTheCommand,
}

impl Settings {
    /// Resolves all layers. `config` is the file named on the command line, which goes before `BC_CONFIG`.
    pub(crate) fn resolve(
        flags: Layer,
        config: Option<&Path>,
        environment: &Environment,
        folder: Folder,
    ) -> anyhow::Result<Self> {
        let (layer, file) = file::read(config, environment, folder)?;
        let layer = flags.over(environment.layer()?).over(layer);
        let settings = Self {
            file,
            strangers: environment.strangers(),
            ..Self::from(layer)
        };
        settings.check_secret()?;
        settings.recorder.capacities.check()?;
        Ok(settings)
    }

    /// A secret that is given must be one, whoever signs with it.
    fn check_secret(&self) -> Result<(), bc_web::ConfigError> {
        match self.secret.clone().filter(|_| self.auth) {
            Some(secret) => bc_web::Config {
                secret,
                ..Default::default()
            }
            .check(),
            None => Ok(()),
        }
    }

    /// What tokens are signed with: the given one, or the data directory's own.
    pub(crate) fn secret_in_force(&self, data: &DataDir, lock: &Lock) -> anyhow::Result<Secret> {
        self.secret
            .clone()
            .map_or_else(|| data.secret_or_new(lock), Ok)
    }

    /// What the web is told of them; `secret` is the one in force.
    pub(crate) fn web(
        &self,
        listen: SocketAddr,
        data_tag: String,
        secret: Secret,
    ) -> bc_web::Config {
        bc_web::Config {
            listen,
            prefix: self.prefix.clone(),
            auth: self.auth,
            secret,
            insecure: self.insecure,
            retention: self.retention,
            data_tag,
            host: self.recorder.host.clone(),
            allowed_hosts: self.hostname.iter().cloned().collect(),
            limits: bc_web::Limits::default(),
        }
    }
}

impl From<Layer> for Settings {
    fn from(layer: Layer) -> Self {
        let defaults = bc_recorder::Config::default();
        let keep = Retention::default();
        Self {
            data: layer.data.unwrap_or_else(|| DEFAULT_DATA.into()),
            listen: layer.listen.unwrap_or(DEFAULT_LISTEN),
            hostname: layer.hostname.filter(|name| !name.is_empty()),
            prefix: prefix(layer.prefix.as_deref()),
            auth: layer.auth.unwrap_or(true),
            secret: layer.secret,
            insecure: layer.insecure.unwrap_or(false),
            retention: Retention {
                seconds_s: layer.seconds_s.unwrap_or(keep.seconds_s),
                minutes_s: layer.minutes_s.unwrap_or(keep.minutes_s),
                hours_s: layer.hours_s.unwrap_or(keep.hours_s),
            },
            log: layer.log,
            file: None,
            strangers: Vec::new(),
            recorder: bc_recorder::Config {
                host: layer
                    .host
                    .filter(|name| !name.is_empty())
                    .unwrap_or(defaults.host),
                cgroup_globs: layer.cgroup_globs.unwrap_or(defaults.cgroup_globs),
                units: layer.units.unwrap_or(defaults.units),
                // What is never to be recorded is added to, not replaced.
                exclude: [defaults.exclude, layer.exclude.unwrap_or_default()].concat(),
                sockets: layer.sockets.unwrap_or(defaults.sockets),
                containerd_states: layer
                    .containerd_states
                    .unwrap_or(defaults.containerd_states),
                mask: layer.mask.unwrap_or(defaults.mask),
                per_cpu: layer.per_cpu.unwrap_or(defaults.per_cpu),
                capacities: layer.capacities.unwrap_or(defaults.capacities),
                kernel_log: layer.kernel_log.unwrap_or(defaults.kernel_log),
                kernel_object: layer.kernel_object.or(defaults.kernel_object),
                ..bc_recorder::Config::default()
            },
        }
    }
}

/// `/stats/`, `stats` and `/stats` are one prefix.
fn prefix(text: Option<&str>) -> String {
    match text.unwrap_or_default().trim_matches('/') {
        "" => String::new(),
        name => format!("/{name}"),
    }
}

#[cfg(test)]
mod tests;
