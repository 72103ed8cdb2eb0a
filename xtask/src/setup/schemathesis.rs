//! Schemathesis, which asks the API what its description allows and forbids: in a virtual environment below `target/`, in the version that
//! stands here.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::apt;
use crate::{step, tree};

/// From the Python package index.
const VERSION: &str = "4.32.5";

/// Makes sure that it is there.
///
/// # Errors
/// What apt, venv or pip say.
pub(crate) fn ensure() -> Result<()> {
    if program().is_file() {
        return Ok(());
    }
    apt::install(
        "Python with virtual environments, for schemathesis",
        &["python3", "python3-venv"],
    )?;
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "--clear"]).arg(place());
    step::quietly("python3 -m venv (a place for schemathesis)", &mut venv)?;
    let mut pip = Command::new(place().join("bin/pip"));
    pip.args(["install", "--disable-pip-version-check"])
        .arg(format!("schemathesis=={VERSION}"));
    step::quietly("pip install schemathesis", &mut pip)
}

/// The program. pip puts it there when all that it needs is there.
pub(crate) fn program() -> PathBuf {
    place().join("bin/schemathesis")
}

fn place() -> PathBuf {
    tree::target().join("schemathesis").join(VERSION)
}
