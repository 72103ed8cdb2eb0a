//! Node and the page's packages: exactly what `package-lock.json` says, installed only when something of it
//! is missing.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use super::apt;
use crate::{step, tree};

/// The oldest Node that the page's tools run on, as `web/ui/package.json` says too.
const NODE: u32 = 20;

/// Makes sure that the page can be built.
///
/// # Errors
/// What apt or npm say; a Node that is too old.
pub(crate) fn ensure() -> Result<()> {
    apt::unless_command("node", "Node, to build the page", &["nodejs"])?;
    apt::unless_command("npm", "npm, for the page's packages", &["npm"])?;
    let version =
        step::ask(Command::new("node").arg("--version")).context("asking node for its version")?;
    if major(&version).is_none_or(|major| major < NODE) {
        bail!(
            "the page needs Node {NODE} or newer, and here is {}; install it from nodejs.org",
            version.trim()
        );
    }
    let page = tree::page();
    if missing(&page)?.is_empty() {
        return Ok(());
    }
    // Not `npm ci`: it insists on the packages of every other platform too, which not every registry has.
    // Nothing is saved, and what came is compared with the lock file below, which is as strict.
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-save", "--no-audit", "--no-fund"])
        .current_dir(&page);
    step::quietly("npm install in web/ui (the page's packages)", &mut npm)?;
    let missing = missing(&page)?;
    if !missing.is_empty() {
        bail!(
            "npm did not install what package-lock.json says: {}; do package.json and it agree?",
            missing.join(", ")
        );
    }
    Ok(())
}

/// Packages that the lock file names and that are not installed in that version.
fn missing(page: &Path) -> Result<Vec<String>> {
    let wanted = packages(&page.join("package-lock.json"))?;
    // What npm notes about the packages it has installed; without the file there are none.
    let installed = packages(&page.join("node_modules/.package-lock.json")).unwrap_or_default();
    Ok(differing(&wanted, &installed))
}

fn packages(file: &Path) -> Result<Map<String, Value>> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let lock: Value =
        serde_json::from_str(&text).with_context(|| format!("reading {}", file.display()))?;
    lock["packages"]
        .as_object()
        .cloned()
        .with_context(|| format!("{} lists no packages", file.display()))
}

fn differing(wanted: &Map<String, Value>, installed: &Map<String, Value>) -> Vec<String> {
    let there = |path: &str, entry: &Value| {
        installed
            .get(path)
            .is_some_and(|found| found["version"] == entry["version"])
    };
    // The empty path is the page itself; an optional package is for some platforms only.
    let required = wanted
        .iter()
        .filter(|(path, entry)| !path.is_empty() && entry["optional"] != true);
    required
        .filter(|(path, entry)| !there(path, entry))
        .map(|(path, _)| path.clone())
        .collect()
}

fn major(version: &str) -> Option<u32> {
    version
        .trim()
        .strip_prefix('v')?
        .split('.')
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(json: &str) -> Map<String, Value> {
        serde_json::from_str(json).expect("a small table")
    }

    #[test]
    fn what_is_missing_or_old_is_seen() {
        let wanted = table(
            r#"{"": {}, "a": {"version": "1"}, "b": {"version": "2"}, "c": {"version": "3", "optional": true}}"#,
        );
        assert_eq!(differing(&wanted, &Map::new()), ["a", "b"]);
        assert_eq!(
            differing(
                &wanted,
                &table(r#"{"a": {"version": "1"}, "b": {"version": "1"}}"#)
            ),
            ["b"]
        );
        assert!(
            differing(
                &wanted,
                &table(r#"{"a": {"version": "1"}, "b": {"version": "2"}}"#)
            )
            .is_empty()
        );
    }

    #[test]
    fn the_version_of_node_is_read() {
        assert_eq!(major("v20.19.2\n"), Some(20));
        assert_eq!(major("node"), None);
    }
}
