//! The program under test: where it lies, and whose turn it is to use the kernel.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// The folder that cargo builds into.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .expect("cargo's folder for tests lies in its target folder")
}

/// The executable: `BC_BIN`, else the release build, else the debug build.
pub(crate) fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        if let Some(path) = std::env::var_os("BC_BIN") {
            let path = PathBuf::from(path);
            assert!(path.is_file(), "BC_BIN says {}, and there is no such file", path.display());
            return path;
        }
        ["release", "debug"]
            .map(|profile| target().join(profile).join("bubble-chamber"))
            .into_iter()
            .find(|path| path.is_file())
            .expect("bubble-chamber is not built: run `cargo xtask build`, or say in BC_BIN where it is")
    })
}

/// A call of the program.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(path());
    command.args(args);
    // What the caller's own environment says must not decide a test.
    for name in [
        "AUTH_SECRET",
        "AUTH_DISABLE",
        "BC_INSECURE",
        "BC_CONFIG",
        "BC_PREFIX",
        "BC_DEBUG",
        "SUDO_UID",
        "SUDO_GID",
    ] {
        command.env_remove(name);
    }
    command
}

/// Takes the machine for one test: recorders of two tests at once would share the kernel's attention and blur what is measured.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    assert!(
        nix::unistd::geteuid().is_root(),
        "these tests record on the real kernel and need root: run `sudo cargo xtask test`"
    );
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A value of an environment variable that whoever starts the tests must give.
pub(crate) fn required(name: &str, what: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set ({what}): `cargo xtask test` sets it"))
}
