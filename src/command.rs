//! The commands: one file each.

mod db;
mod recorder;
mod run;
mod token;
mod up;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use crate::data_dir::{DataDir, Lock};
use crate::settings::{DEFAULT_DATA, Environment, Folder, Layer, Settings};

/// What the program can be asked to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Up(Box<up::Up>),
    Run(run::Run),
    Recorder(recorder::Recorder),
    Token(token::Token),
    Db(db::Db),
}

impl Command {
    /// Does it.
    pub(crate) fn execute(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Up(up) => up.execute(),
            Self::Run(run) => run.execute(),
            Self::Recorder(recorder) => recorder.execute(),
            Self::Token(token) => token.execute(),
            Self::Db(db) => db.execute(),
        }
    }
}

/// What every command takes.
#[derive(Debug, Default, Args)]
struct Shared {
    /// Directory that holds the records, the secret and the lock
    #[arg(long, value_name = "DIR", help = format!("Directory that holds the records, the secret and the lock [default: {DEFAULT_DATA}]"))]
    data: Option<PathBuf>,

    /// Configuration file [environment: BC_CONFIG; default, but for `run`: config.yml, if there is one here]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// What to log on standard error: `warn`, `debug`, `info,bc_recorder=debug` [environment: BC_DEBUG=1 is `debug`]
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
}

impl Shared {
    /// Resolves the settings, with what the command's own flags say in `flags`, and starts the log.
    fn settings(self, flags: Layer, default_log: &str) -> anyhow::Result<Settings> {
        self.settings_in(Folder::Ours, flags, default_log)
    }

    /// The same, in a folder that may be another's.
    fn settings_in(
        self,
        folder: Folder,
        flags: Layer,
        default_log: &str,
    ) -> anyhow::Result<Settings> {
        let flags = Layer {
            data: self.data,
            log: self.log,
            ..flags
        };
        let settings = Settings::resolve(
            flags,
            self.config.as_deref(),
            &Environment::of_this_process(),
            folder,
        )?;
        crate::logging::start(&settings, default_log)?;
        Ok(settings)
    }
}

/// Says early and plainly what would otherwise fail late and obscurely.
fn must_be_root(command: &str) -> anyhow::Result<()> {
    if nix::unistd::geteuid().is_root() {
        return Ok(());
    }
    bail!(
        "`{command}` records with programs in the kernel, which takes root: say `sudo bubble-chamber {command} …`"
    )
}

/// Makes the data directory and takes it for `role`.
pub(crate) fn take(settings: &Settings, role: &str) -> anyhow::Result<(DataDir, Lock)> {
    let data = DataDir::create(&settings.data)?;
    match data.lock(role)? {
        Ok(lock) => Ok((data, lock)),
        Err(holder) => bail!(data.in_use_by(&holder)),
    }
}

/// The runtime of a command that records. A node with many CPUs needs no thread on each for this.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let threads = std::thread::available_parallelism().map_or(2, |cpus| cpus.get().clamp(2, 4));
    // One more does what blocks.
    try_threads(threads + 1).context(
        "cannot start the threads that record: does a limit leave room for them (`ulimit -u`, pids.max)?",
    )?;
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .context("cannot start the threads that record")
}

/// Starts so many threads at once, and ends them: a runtime that finds no room for one of its own panics.
fn try_threads(threads: usize) -> std::io::Result<()> {
    let gate = Mutex::new(());
    std::thread::scope(|scope| {
        let closed = gate.lock();
        let tried = (0..threads).try_for_each(|_| {
            let waiting = || drop(gate.lock());
            std::thread::Builder::new()
                .spawn_scoped(scope, waiting)
                .map(drop)
        });
        drop(closed);
        tried
    })
}
