//! What a guest boots into: our executable with its libraries, the oracles, busybox for a shell, and `init.sh`, which is all that runs.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::cpio::Cpio;
use crate::step;

const INIT: &str = include_str!("init.sh");
/// Debian's static busybox.
const BUSYBOX: &str = "/bin/busybox";
/// Where `init.sh` mounts something.
const MOUNT_POINTS: [&str; 5] = ["dev", "proc", "run", "sys", "tmp"];

/// Packs it into this file.
///
/// # Errors
/// What could not be read or written.
pub(super) fn pack(binary: &Path, oracles: &Path, file: &Path) -> Result<()> {
    let mut programs = vec![(String::from("init"), INIT.as_bytes().to_vec())];
    programs.push(read("bin/busybox", Path::new(BUSYBOX))?);
    programs.push(read("bin/bubble-chamber", binary)?);
    for library in libraries(binary)? {
        programs.push(read(library.trim_start_matches('/'), Path::new(&library))?);
    }
    for entry in fs::read_dir(oracles).with_context(|| format!("reading {}", oracles.display()))? {
        let oracle = entry.context("reading the oracles' folder")?.path();
        let name = oracle.file_name().unwrap_or_default().to_string_lossy();
        programs.push(read(&format!("bin/{name}"), &oracle)?);
    }
    let writing = || format!("writing {}", file.display());
    let out = File::create(file).with_context(writing)?;
    let mut cpio = Cpio::new(BufWriter::new(out));
    for folder in folders(programs.iter().map(|(path, _)| path.as_str())) {
        cpio.folder(folder).with_context(writing)?;
    }
    for (path, content) in &programs {
        cpio.program(path, content).with_context(writing)?;
    }
    cpio.finish().with_context(writing)?;
    Ok(())
}

fn read(path: &str, file: &Path) -> Result<(String, Vec<u8>)> {
    let content = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    Ok((path.to_owned(), content))
}

/// Those that these are in and those that something is mounted on; outer ones first.
fn folders<'path>(paths: impl Iterator<Item = &'path str>) -> BTreeSet<&'path str> {
    let of_file = |path: &'path str| path.match_indices('/').map(move |(at, _)| &path[..at]);
    paths.flat_map(of_file).chain(MOUNT_POINTS).collect()
}

/// The paths of the shared libraries that the loader takes for a program.
fn libraries(binary: &Path) -> Result<Vec<String>> {
    let said = step::ask(Command::new("ldd").arg(binary))
        .with_context(|| format!("asking ldd for the libraries of {}", binary.display()))?;
    Ok(in_answer_of_ldd(&said))
}

fn in_answer_of_ldd(said: &str) -> Vec<String> {
    let words = said.split_whitespace();
    words
        .filter(|word| word.starts_with('/'))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_found_and_the_loader_with_them() {
        let said = "\tlinux-vdso.so.1 (0x00007f81)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f81)\n\
                    \t/lib64/ld-linux-x86-64.so.2 (0x00007f81)\n";
        assert_eq!(
            in_answer_of_ldd(said),
            [
                "/lib/x86_64-linux-gnu/libc.so.6",
                "/lib64/ld-linux-x86-64.so.2"
            ]
        );
    }

    #[test]
    fn outer_folders_come_first() {
        let folders: Vec<_> = folders(["lib/x/libc.so.6", "init"].into_iter())
            .into_iter()
            .collect();
        assert_eq!(
            folders,
            ["dev", "lib", "lib/x", "proc", "run", "sys", "tmp"]
        );
    }
}
