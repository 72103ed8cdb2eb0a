//! The oracles of `tests/oracles`: where they lie compiled, and what they print.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// The path of a compiled oracle: in `BC_ORACLES`, where `cargo xtask test` puts them, else compiled here. Without shared libraries
/// either way, so that each runs in an image that holds nothing else.
pub(crate) fn path(name: &str) -> String {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    let dir =
        DIR.get_or_init(|| std::env::var_os("BC_ORACLES").map_or_else(compile, PathBuf::from));
    let path = dir.join(name);
    assert!(path.is_file(), "there is no oracle {}", path.display());
    path.to_str()
        .expect("the target folder's name is text")
        .to_owned()
}

fn compile() -> PathBuf {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles");
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    std::fs::create_dir_all(&dir)
        .unwrap_or_else(|error| panic!("making {}: {error}", dir.display()));
    for name in [
        "storm", "burn", "cores", "crowd", "hold", "deaths", "throng", "heirs",
    ] {
        // Renamed into place: another test program may be running the one that is there.
        let fresh = dir.join(format!("{name}.{}", std::process::id()));
        let status = Command::new("cc")
            .args(["-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-static"])
            .arg(sources.join(format!("{name}.c")))
            .arg("-o")
            .arg(&fresh)
            .status()
            .expect("the oracles are C programs: install gcc and libc6-dev");
        assert!(status.success(), "compiling the oracle {name}: {status}");
        std::fs::rename(&fresh, dir.join(name))
            .unwrap_or_else(|error| panic!("putting the oracle {name} into place: {error}"));
    }
    dir
}

/// The JSON lines among what was printed.
#[track_caller]
pub(crate) fn truths(stdout: &[String]) -> Vec<Value> {
    let truths: Vec<Value> = stdout
        .iter()
        .filter(|line| !line.is_empty())
        .map(|line| {
            serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("an oracle printed {line:?}: {error}"))
        })
        .collect();
    assert!(!truths.is_empty(), "the oracle printed nothing");
    truths
}

/// A number that an oracle stated.
#[track_caller]
pub(crate) fn number(truth: &Value, key: &str) -> u64 {
    truth[key]
        .as_u64()
        .unwrap_or_else(|| panic!("the oracle states no {key}: {truth}"))
}
