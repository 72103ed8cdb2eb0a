//! `db`: makes the store's file, brings it to this version, looks it over, and writes out what is in it.

mod check;
mod dump;

use std::process::ExitCode;

use bc_store::sqlite::Upgraded;
use clap::{Args, Subcommand};

use super::{Shared, take};
use crate::report;
use crate::settings::Layer;

/// Make the database, bring it to this version, look it over, or write out what is in it
#[derive(Debug, Args)]
pub(crate) struct Db {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make an empty database; where there is one, say so, change nothing and exit with 1
    Init(Shared),
    /// Bring an existing database to this version; where it is, say so
    Upgrade(Shared),
    Check(check::Check),
    Dump(Box<dump::Dump>),
}

impl Db {
    pub(super) fn execute(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Init(shared) => init(shared),
            Action::Upgrade(shared) => upgrade(shared),
            Action::Check(check) => check.execute(),
            Action::Dump(dump) => dump.execute(),
        }
    }
}

fn init(shared: Shared) -> anyhow::Result<ExitCode> {
    let settings = shared.settings(Layer::default(), "warn")?;
    let (data, _lock) = take(&settings, "db init")?;
    bc_store::sqlite::init(&data.database())?;
    report::answer(format_args!("made {}", data.database().display()))?;
    Ok(ExitCode::SUCCESS)
}

fn upgrade(shared: Shared) -> anyhow::Result<ExitCode> {
    let settings = shared.settings(Layer::default(), "warn")?;
    let (data, _lock) = take(&settings, "db upgrade")?;
    let file = data.database();
    let file = file.display();
    match bc_store::sqlite::upgrade(&data.database())? {
        Upgraded::NothingToDo { version } => report::answer(format_args!(
            "{file} has version {version} of the tables: nothing to do"
        ))?,
        Upgraded::From { old, new } => report::answer(format_args!(
            "{file} was brought from version {old} of the tables to {new}"
        ))?,
    }
    Ok(ExitCode::SUCCESS)
}
