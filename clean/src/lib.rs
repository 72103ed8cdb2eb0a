//! Retention: what may go, and a loop that lets it go.
//!
//! The plan is a pure function of how long each life's records reach. Carrying it out is the store's work ([`PruneStore`]); what is
//! kept for how long is the schema's rule ([`Retention`]).
//!
//! [`PruneStore`]: bc_schema::store::PruneStore
//! [`Retention`]: bc_schema::Retention

mod plan;
mod rounds;

pub use plan::plan;
pub use rounds::{Config, run};
