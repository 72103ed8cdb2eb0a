//! The configuration file as a source of settings: the names the predecessor's users know, and ours. A key that is none of them is an error:
//! who mistypes `exclude` would else record what was to be kept out.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use bc_recorder::Capacities;
use bc_web::Secret;
use serde::de::IgnoredAny;

use super::address::Address;
use super::section::section;
use super::{DEFAULT_LISTEN, Environment, Folder, Layer};

/// Read from the working directory when no other file is named.
const DEFAULT_FILE: &str = "config.yml";

/// Reads the file that the command line or `BC_CONFIG` names, which then must be there; or `config.yml`, if it is there and the folder
/// is ours. Also gives where it lies.
pub(super) fn read(
    named: Option<&Path>,
    environment: &Environment,
    folder: Folder,
) -> anyhow::Result<(Layer, Option<PathBuf>)> {
    let named = named.map(Path::to_owned).or_else(|| environment.config());
    let path = match (&named, folder) {
        (Some(path), _) => path.clone(),
        (None, Folder::Ours) => DEFAULT_FILE.into(),
        (None, Folder::OfTheCommand) => return Ok((Layer::default(), None)),
    };
    let text = match std::fs::read_to_string(&path) {
        Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => {
            return Ok((Layer::default(), None));
        }
        text => {
            text.with_context(|| format!("cannot read the configuration file {}", path.display()))?
        }
    };
    let layer = parse(&text).with_context(|| match named {
        Some(_) => format!(
            "the configuration file {} is not understood",
            path.display()
        ),
        None => format!(
            "the configuration file {DEFAULT_FILE} in this folder is not understood (if it is not Bubble Chamber's, start elsewhere or name another with --config)"
        ),
    })?;
    Ok((layer, Some(path)))
}

/// What a file says.
pub(super) fn parse(text: &str) -> anyhow::Result<Layer> {
    let file: Option<File> = serde_norway::from_str(text)?;
    Ok(file.unwrap_or_default().layer())
}

section! {
    File {
        data: PathBuf,
        log: String,
        auth: Auth,
        web: Web,
        retention: Keep,
        recorder: Recorder,
        // The predecessor's, for its cluster: nothing to us yet, and no mistake.
        cassandra: IgnoredAny,
        consul: IgnoredAny,
    }

    Auth {
        enable: bool,
        secret: String,
    }

    Web {
        listen: Address,
        hostname: String,
        port: u16,
        prefix: String,
    }

    Keep {
        seconds: u64,
        minutes: u64,
        hours: u64,
    }

    Recorder {
        host: String,
        cgroups: Vec<String>,
        units: Vec<String>,
        exclude: Vec<String>,
        docker_sockets: Vec<PathBuf>,
        containerd_states: Vec<PathBuf>,
        mask: Vec<String>,
        per_cpu: bool,
        capacities: Room,
        kernel_log: bool,
    }

    /// What of the capacities is said; the rest is the default.
    Room {
        processes: u32,
        watches: u32,
        accounts: u32,
        walk_records: u32,
        ring_bytes: u32,
        waiting_samples: usize,
        waiting_facts: usize,
        waiting_batches: usize,
    }
}

/// Every section, and what its keys are called in full.
const SECTIONS: &[(&str, &[&str])] = &[
    ("", File::KEYS),
    ("auth.", Auth::KEYS),
    ("web.", Web::KEYS),
    ("retention.", Keep::KEYS),
    ("recorder.", Recorder::KEYS),
    ("recorder.capacities.", Room::KEYS),
];

impl Room {
    fn capacities(&self) -> Capacities {
        let usual = Capacities::default();
        Capacities {
            processes: self.processes.unwrap_or(usual.processes),
            watches: self.watches.unwrap_or(usual.watches),
            accounts: self.accounts.unwrap_or(usual.accounts),
            walk_records: self.walk_records.unwrap_or(usual.walk_records),
            ring_bytes: self.ring_bytes.unwrap_or(usual.ring_bytes),
            waiting_samples: self.waiting_samples.unwrap_or(usual.waiting_samples),
            waiting_facts: self.waiting_facts.unwrap_or(usual.waiting_facts),
            waiting_batches: self.waiting_batches.unwrap_or(usual.waiting_batches),
        }
    }
}

impl File {
    fn layer(self) -> Layer {
        let Self { data, log, .. } = self;
        let auth = self.auth.unwrap_or_default();
        let web = self.web.unwrap_or_default();
        let retention = self.retention.unwrap_or_default();
        let recorder = self.recorder.unwrap_or_default();
        // A port alone moves the port alone.
        let port = web
            .port
            .map(|port| SocketAddr::new(DEFAULT_LISTEN.ip(), port));
        Layer {
            data,
            listen: web.listen.map(|Address(listen)| listen).or(port),
            hostname: web.hostname,
            prefix: web.prefix,
            auth: auth.enable,
            secret: auth.secret.map(Secret::new),
            insecure: None,
            seconds_s: retention.seconds,
            minutes_s: retention.minutes,
            hours_s: retention.hours,
            log,
            host: recorder.host,
            cgroup_globs: recorder.cgroups,
            units: recorder.units,
            exclude: recorder.exclude,
            sockets: recorder.docker_sockets,
            containerd_states: recorder.containerd_states,
            mask: recorder.mask,
            per_cpu: recorder.per_cpu,
            capacities: recorder.capacities.as_ref().map(Room::capacities),
            kernel_log: recorder.kernel_log,
            kernel_object: None,
        }
    }
}
