//! The oracles of the tests: C programs that count for themselves what the recorder should have seen.
//! Compiled here, without shared libraries, so that they also run inside bare containers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

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
    let files = std::fs::read_dir(&sources)
        .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
        .with_context(|| format!("reading {}", sources.display()))?;
    let files: Vec<PathBuf> = files.into_iter().map(|entry| entry.path()).collect();
    let ends_in = |file: &&PathBuf, ending| file.extension().is_some_and(|found| found == ending);
    let headers = files
        .iter()
        .filter(|file| ends_in(file, "h"))
        .filter_map(|file| written(file))
        .max();
    let mut count = 0;
    for source in files.iter().filter(|file| ends_in(file, "c")) {
        count += 1;
        let program = programs.join(source.file_stem().unwrap_or_default());
        if written(&program) > written(source).max(headers) {
            continue;
        }
        // Renamed into place when done: a test may still run the one that is there.
        let fresh = program.with_extension("new");
        let mut compiler = Command::new("cc");
        compiler
            .args([
                "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-static", "-o",
            ])
            .arg(&fresh)
            .arg(source);
        step::quietly(&format!("cc {}", source.display()), &mut compiler)?;
        std::fs::rename(&fresh, &program)
            .with_context(|| format!("putting {} into place", program.display()))?;
    }
    if count == 0 {
        bail!("there is no oracle in {}", sources.display());
    }
    Ok(programs)
}

fn written(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file)
        .and_then(|about| about.modified())
        .ok()
}
