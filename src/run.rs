//! What it takes to run a command as if it had been started without us: its process, its user, its signals, its name, and
//! the recorder that watches it. The order of it all is `command/run.rs`.

mod alone;
pub(crate) mod browser;
pub(crate) mod caller;
pub(crate) mod child;
pub(crate) mod command_line;
pub(crate) mod id;
pub(crate) mod recorder;
pub(crate) mod summary;
pub(crate) mod watch;

pub(crate) use alone::ROLE as ALONE;
