//! One source of settings: what it says, and silence about the rest. Where it was read from is not known here.

use std::net::SocketAddr;
use std::path::PathBuf;

use bc_recorder::Capacities;
use bc_web::Secret;

macro_rules! layer {
    ($($(#[doc = $doc:literal])* $field:ident: $kind:ty;)*) => {
        /// What one source says.
        #[derive(Debug, Default)]
        pub(crate) struct Layer {
            $($(#[doc = $doc])* pub(crate) $field: Option<$kind>,)*
        }

        impl Layer {
            /// This layer where it speaks, `lower` where it is silent.
            pub(crate) fn over(self, lower: Layer) -> Layer {
                Layer { $($field: self.$field.or(lower.$field),)* }
            }
        }
    };
}

layer! {
    /// The data directory.
    data: PathBuf;
    /// Where the page is served.
    listen: SocketAddr;
    /// The name users reach the page by.
    hostname: String;
    /// Path under which a proxy serves the page.
    prefix: String;
    /// Whether tokens are asked for.
    auth: bool;
    /// What tokens are signed with.
    secret: Secret;
    /// Authentication may be off on an address that others can reach.
    insecure: bool;
    /// How long seconds are kept, s.
    seconds_s: u64;
    /// How long minutes are kept, s.
    minutes_s: u64;
    /// How long hours are kept, s.
    hours_s: u64;
    /// The filter of the log.
    log: String;
    /// The name of this host in every record.
    host: String;
    /// Cgroups to record besides containers and jobs.
    cgroup_globs: Vec<String>;
    /// Systemd units to record besides containers and jobs.
    units: Vec<String>;
    /// Containers not to record, besides those never recorded.
    exclude: Vec<String>;
    /// Docker-compatible sockets.
    sockets: Vec<PathBuf>;
    /// State directories of containerd.
    containerd_states: Vec<PathBuf>;
    /// Further patterns of secrets.
    mask: Vec<String>;
    /// Count CPU time by core.
    per_cpu: bool;
    /// How much the recorder holds at once.
    capacities: Capacities;
    /// Print what the kernel programs log.
    kernel_log: bool;
    /// A kernel object instead of the embedded one.
    kernel_object: PathBuf;
}
