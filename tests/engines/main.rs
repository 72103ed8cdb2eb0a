//! Real engines: containers under Docker, Podman and containerd, jobs under Slurm, each held against what ran in it.
//!
//! `cargo xtask test engines` starts the engines and says in environment variables where they are; `tests/harness` is shared with the
//! live tests. What a process's record holds in detail is shown there; here, that it is found, named and kept.

#[allow(dead_code, reason = "each of the two test programs uses a part of it")]
#[path = "../harness/harness.rs"]
mod harness;

mod containerd;
mod docker;
mod engine;
mod lives;
mod podman;
mod short_lived;
mod slurm;
