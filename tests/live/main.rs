//! The recorder on the real kernel, held against oracles: C programs (`tests/oracles`) that count for themselves.
//!
//! Everything here goes through what a user has: the command line, the files, HTTP. It needs root and the built program (`BC_BIN`), and
//! `cargo xtask test live` gives both. Real engines are in `tests/engines`.

#[allow(dead_code, reason = "each of the two test programs uses a part of it")]
#[path = "../harness/harness.rs"]
mod harness;

mod access;
mod bad_input;
mod before;
mod bounded;
mod burners;
mod check;
mod cores;
mod crash;
mod deaths;
mod gap;
mod heirs;
mod layouts;
mod left_behind;
mod masking;
mod memory;
mod moves;
mod rubbish;
mod run_command;
mod seed_routes;
mod session;
mod socket;
mod storm;
mod stream;
mod terminal;
mod up_command;
mod users;
mod walks;
