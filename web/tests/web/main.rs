//! The web over a real socket: bytes of the seed's routes, every kind of token, refusals, the live stream, the page.
//!
//! Each test starts a server of its own on a free port, over the reference store.

mod alerts;
mod api;
mod auth;
mod cpus;
mod csv;
mod limits;
mod live;
mod openapi;
mod page;
mod recording;
mod refusals;
mod seed;
mod site;
mod sleep;
mod usage;
