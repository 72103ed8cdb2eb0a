//! The web role: answers queries from a store, streams what is new, serves the page.
//!
//! It knows the nouns and the read side of a store (`bc-schema`); it knows no recorder, no cleaner and no store's inside. What it is to
//! say about recording comes to it as [`Health`].

mod api;
mod app;
mod auth;
mod chart;
mod config;
mod connections;
mod csv;
mod error;
mod guard;
mod headers;
mod health;
mod history;
mod limits;
mod lived;
mod metrics;
mod page;
mod parameters;
mod problem;
mod reading;
mod seed;
mod server;

pub use auth::token;
pub use config::{Config, Secret};
pub use error::{ConfigError, Error};
pub use health::{Durations, Health, Recorder};
pub use limits::Limits;
pub use page::page_embedded;
pub use server::run;
