//! The stores: where batches become answers.
//!
//! Each store keeps the contract of `bc_schema::store`, and one conformance suite (`tests/conformance.rs`) holds them all to it. What a
//! bucket's usage is, they leave to `bc_schema::usage`; when rows may go, to whoever holds the prune side.

mod cell;
mod facts;
mod memory;
pub mod sqlite;

pub use memory::MemoryStore;
pub use sqlite::{SqliteReader, SqliteStore};
