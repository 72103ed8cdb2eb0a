//! The oracles of the tests: C programs that count for themselves what the recorder should have seen.
//! Compiled here, without shared libraries, so that they also run inside bare containers.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::setup::{self, Need};
use crate::{step, tree};

/// Compiles those that changed; answers with the folder that holds them all.
///
/// # Errors
/// What the compiler says; also when there is not one oracle.
pub(crate) fn compile() -> Result<PathBuf> {
    setup::ensure(&[Need::Compiler])?;
    let sources = tree::root().join("tests/oracles");
    let programs = tree::target().join("oracles");
    std::fs::create_dir_all(&programs).with_context(|| format!("making {}", programs.display()))?;
    let mut count = 0;
    for entry in
        std::fs::read_dir(&sources).with_context(|| format!("reading {}", sources.display()))?
    {
        let source = entry.context("reading the folder of oracles")?.path();
        if source.extension().is_none_or(|extension| extension != "c") {
            continue;
        }
        count += 1;
        let program = programs.join(source.file_stem().unwrap_or_default());
        let written = |file: &PathBuf| {
            std::fs::metadata(file)
                .and_then(|meta| meta.modified())
                .ok()
        };
        if written(&program) > written(&source) {
            continue;
        }
        let mut compiler = Command::new("cc");
        compiler
            .args([
                "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-static", "-o",
            ])
            .arg(&program)
            .arg(&source);
        step::quietly(&format!("cc {}", source.display()), &mut compiler)?;
    }
    if count == 0 {
        bail!("there is no oracle in {}", sources.display());
    }
    Ok(programs)
}
