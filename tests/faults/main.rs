//! What breaks, and what is left then: writers killed at any moment, disks that are full or read-only, files that are gone.
//!
//! Nothing of the program's inside is known here, but for the store, which is also broken by itself. It needs root (file systems are
//! mounted, processes recorded) and what `cargo xtask test faults` builds.

#[allow(dead_code, reason = "each of the test programs uses a part of it")]
#[path = "../harness/harness.rs"]
mod harness;

mod busy;
mod database;
mod disk;
mod full_disk;
mod gone;
mod kills;
mod read_only;
mod retention;
