//! What recording needs of a kernel, capability by capability, and what this machine's kernel gives: one table, printed by `recorder --check` and
//! shown in `docs/kernels.md`. The trying itself is `kernel::attempt`'s business.

mod capability;
mod report;
mod table;
#[cfg(test)]
mod tests;

pub use self::capability::State;
pub use self::report::{Found, Report};
use crate::agent;
use crate::config::Config;
use crate::kernel;

/// Tries to record as `config` says, for a moment: programs are loaded, attached, read and pinned; nothing is recorded, and nothing left behind.
pub fn check(config: &Config) -> Report {
    let trial = kernel::attempt(kernel::Options {
        object: config.kernel_object.as_deref(),
        log: false,
        cores: config.per_cpu,
        pins: None,
        adopt: false,
        capacities: &config.capacities,
    });
    Report::new(trial, agent::surroundings())
}
