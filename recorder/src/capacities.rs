//! How much a recorder holds at once: the kernel's tables, and what waits for the store. What does not fit is counted, never
//! forgotten; how, is said where it happens.

use bc_abi::{ACCOUNTS_MAX, PROCESSES_MAX, RECORDS_MAX, RING_BYTES, WATCHES_MAX};

/// The least that any table holds.
const LEAST: u32 = 16;
/// The most that any table holds: as many as the kernel has pids.
const MOST: u32 = 4 << 20;
/// The least that may wait for the store, of anything: a second of a busy machine need not fit.
const LEAST_WAITING: usize = 16;
/// The largest ring.
const MOST_RING_BYTES: u32 = 1 << 30;

/// Room, by what it is for. The defaults are for a machine of some hundred containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacities {
    /// Processes of containers in the kernel's table: the living, and the ended that are not collected yet.
    pub processes: u32,
    /// Watched cgroups, over all hierarchies.
    pub watches: u32,
    /// Cgroups that are charged for processes which found no room.
    pub accounts: u32,
    /// Threads that one walk tells of in a single call; where there are more, and where this is 0, it takes many calls.
    pub walk_records: u32,
    /// The ring of events, bytes: a power of two, in whole pages.
    pub ring_bytes: u32,
    /// Samples that wait for the store.
    pub waiting_samples: usize,
    /// Facts that wait for the store: starts, execs and ends of processes. Each KiB of an exec counts as one.
    pub waiting_facts: usize,
    /// Batches that wait for the store.
    pub waiting_batches: usize,
}

impl Default for Capacities {
    fn default() -> Self {
        Self {
            processes: PROCESSES_MAX,
            watches: WATCHES_MAX,
            accounts: ACCOUNTS_MAX,
            walk_records: RECORDS_MAX,
            ring_bytes: RING_BYTES,
            // At 1,000 processes a second this is five minutes.
            waiting_samples: 300_000,
            waiting_facts: 200_000,
            // An hour of seconds.
            waiting_batches: 3_600,
        }
    }
}

/// A capacity that cannot be.
#[derive(Debug, thiserror::Error)]
#[error("the recorder's capacity `{name}` is {value}: {must}")]
pub struct CapacityError {
    name: &'static str,
    value: u64,
    must: String,
}

impl Capacities {
    /// Refuses what the kernel would refuse, and what would record nothing.
    pub fn check(&self) -> Result<(), CapacityError> {
        let tables = [
            ("processes", self.processes),
            ("watches", self.watches),
            ("accounts", self.accounts),
        ];
        for (name, value) in tables {
            require((LEAST..=MOST).contains(&value), name, value.into(), || {
                format!("choose one from {LEAST} to {MOST}")
            })?;
        }
        let records = self.walk_records;
        let fits = records == 0 || (LEAST..=MOST).contains(&records);
        require(fits, "walk_records", records.into(), || {
            format!("choose one from {LEAST} to {MOST}, or 0 for none")
        })?;
        let page_bytes = page_bytes();
        let ring = self.ring_bytes;
        require(
            ring.is_power_of_two() && (page_bytes..=MOST_RING_BYTES).contains(&ring),
            "ring_bytes",
            ring.into(),
            || format!("choose a power of two from {page_bytes} to {MOST_RING_BYTES}"),
        )?;
        let waiting = [
            ("waiting_samples", self.waiting_samples),
            ("waiting_facts", self.waiting_facts),
            ("waiting_batches", self.waiting_batches),
        ];
        for (name, value) in waiting {
            require(value >= LEAST_WAITING, name, value as u64, || {
                format!("choose at least {LEAST_WAITING}")
            })?;
        }
        Ok(())
    }
}

fn require(
    holds: bool,
    name: &'static str,
    value: u64,
    must: impl FnOnce() -> String,
) -> Result<(), CapacityError> {
    if holds {
        return Ok(());
    }
    let must = must();
    Err(CapacityError { name, value, must })
}

fn page_bytes() -> u32 {
    let said = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE);
    said.ok().flatten().map_or(4096, |bytes| bytes as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_of_everything_is_allowed_and_less_is_refused_by_name() {
        let least = Capacities {
            processes: 16,
            watches: 16,
            accounts: 16,
            walk_records: 16,
            ring_bytes: page_bytes(),
            waiting_samples: 16,
            waiting_facts: 16,
            waiting_batches: 16,
        };
        least.check().unwrap();
        Capacities::default().check().unwrap();
        let says = |changed: Capacities| changed.check().unwrap_err().to_string();
        let none = Capacities {
            accounts: 0,
            ..least.clone()
        };
        assert_eq!(
            says(none),
            "the recorder's capacity `accounts` is 0: choose one from 16 to 4194304"
        );
        let odd = Capacities {
            ring_bytes: page_bytes() * 3,
            ..least.clone()
        };
        assert!(says(odd).contains("power of two"));
        let few = Capacities {
            waiting_facts: 15,
            ..least
        };
        assert!(says(few).contains("`waiting_facts` is 15"));
    }
}
