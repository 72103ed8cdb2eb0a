//! `up`: everything in one process: the recorder, the store, its cleaning and the page.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Shared, must_be_root, runtime};
use crate::settings::{DEFAULT_LISTEN, Layer, address};

/// Record this machine's containers and jobs, and serve the page
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Up {
    #[command(flatten)]
    shared: Shared,

    #[arg(long, value_name = "ADDR:PORT", value_parser = address, help = format!("Address and port of the page [default: {DEFAULT_LISTEN}]"))]
    listen: Option<SocketAddr>,

    /// URL path under which a proxy serves the page [environment: BC_PREFIX]
    #[arg(long, value_name = "PATH")]
    prefix: Option<String>,

    /// Record these cgroups too, besides containers and jobs: a glob over the path without the mount point; repeatable
    #[arg(long, value_name = "GLOB")]
    cgroup: Vec<String>,

    /// Record these systemd units too: a glob over the unit's name, as nginx.service or postgresql@*; repeatable
    #[arg(long, value_name = "GLOB")]
    unit: Vec<String>,

    /// Do not record these containers: a glob over id, name, image and cgroup path; repeatable
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,

    /// Docker-compatible socket to ask for names and images, instead of Docker's and Podman's own; repeatable
    #[arg(long, value_name = "PATH")]
    docker_socket: Vec<PathBuf>,

    /// State directory of containerd to read names from, instead of the usual ones; repeatable
    #[arg(long, value_name = "DIR")]
    containerd_state: Vec<PathBuf>,

    /// Mask what this regular expression matches in arguments and labels, besides passwords and tokens; repeatable
    #[arg(long, value_name = "REGEX")]
    mask: Vec<String>,

    /// Keep values of each second so many seconds [default: 3600, an hour; environment: BC_RETENTION_SECONDS]
    #[arg(long, value_name = "SECONDS")]
    retention_seconds: Option<u64>,

    /// Keep values of each minute so many seconds [default: 172800, two days; environment: BC_RETENTION_MINUTES]
    #[arg(long, value_name = "SECONDS")]
    retention_minutes: Option<u64>,

    /// Keep values of each hour so many seconds [default: 10368000, 120 days; environment: BC_RETENTION_HOURS]
    #[arg(long, value_name = "SECONDS")]
    retention_hours: Option<u64>,

    /// Name of this machine in every record [default: its host name]
    #[arg(long, value_name = "NAME")]
    host_name: Option<String>,

    /// Do not count CPU time by core: less work at each context switch
    #[arg(long)]
    no_per_cpu: bool,

    /// Log what the kernel programs say
    #[arg(long)]
    kernel_log: bool,

    /// Load this object instead of the embedded kernel programs
    #[arg(long, value_name = "FILE", hide = true)]
    kernel_object: Option<PathBuf>,
}

const EXAMPLES: &str = "\
A flag goes before the environment, the environment before the configuration file. \
Keep-times count back from a container's last record. \
In a glob, `*` is any text, `?` one character, `[a-z]` one of these, `{a,b}` either; in --cgroup, `*` stays within a directory's name and `**` does not. \
Tokens are signed with AUTH_SECRET, or a secret that is made in the data directory at the first start.

Examples:
  sudo bubble-chamber up
  sudo bubble-chamber up --data ./records --listen 127.0.0.1:8080
  sudo bubble-chamber up --unit 'postgresql@*' --exclude 'ci-*'";

impl Up {
    pub(super) fn execute(self) -> anyhow::Result<ExitCode> {
        must_be_root("up")?;
        let flags = Layer {
            listen: self.listen,
            prefix: self.prefix,
            cgroup_globs: some(self.cgroup),
            units: some(self.unit),
            exclude: some(self.exclude),
            sockets: some(self.docker_socket),
            containerd_states: some(self.containerd_state),
            mask: some(self.mask),
            seconds_s: self.retention_seconds,
            minutes_s: self.retention_minutes,
            hours_s: self.retention_hours,
            host: self.host_name,
            per_cpu: self.no_per_cpu.then_some(false),
            kernel_log: self.kernel_log.then_some(true),
            kernel_object: self.kernel_object,
            ..Layer::default()
        };
        let settings = self.shared.settings(flags, "info")?;
        let runtime = runtime()?;
        let outcome = runtime.block_on(crate::up::serve(&settings));
        // A part that hangs on a system call must not keep the process.
        runtime.shutdown_background();
        outcome.map(|()| ExitCode::SUCCESS)
    }
}

/// A list that was not given is no list.
fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}
