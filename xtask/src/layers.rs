//! The dependency list is the architecture: checks `cargo metadata` and the sources against
//! `.config/layers.toml`. Decides nothing itself; what may know what stands in that file.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::tidy::source;
use crate::{build, step, tidy, tree};

/// The layers, as the file states them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Layers {
    /// Package of the workspace → the packages of the workspace that it may use.
    packages: BTreeMap<String, BTreeSet<String>>,
    /// The same for what only its tests may use besides.
    tests: BTreeMap<String, BTreeSet<String>>,
    /// Crates that have one place.
    #[serde(rename = "crate")]
    crates: Vec<OnePlace>,
}

/// A crate of somebody else's that only some files may name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OnePlace {
    name: String,
    why: String,
    /// Packages that may depend on it.
    packages: BTreeSet<String>,
    /// Packages whose tests may depend on it.
    #[serde(default)]
    tests: BTreeSet<String>,
    /// Beginnings of the paths of the files that may name it.
    files: Vec<String>,
}

/// One edge of the dependency graph.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Edge {
    from: String,
    to: String,
    /// Only the tests of `from` use it.
    tests: bool,
}

/// Checks the layers and says so.
///
/// # Errors
/// Every breach, one per line.
pub(crate) fn report() -> Result<()> {
    let file = tree::root().join(".config/layers.toml");
    let text =
        std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    let layers: Layers =
        toml::from_str(&text).with_context(|| format!("reading {}", file.display()))?;
    let (packages, edges) = graph(&metadata()?)?;
    let mut breaches = breaches_of_packages(&layers, &packages, &edges);
    let mut files = 0_usize;
    for path in tidy::files_of_tree()?
        .iter()
        .filter(|path| path.ends_with(".rs"))
    {
        let text = std::fs::read_to_string(tree::root().join(path))
            .with_context(|| format!("reading {path}"))?;
        breaches.extend(breaches_of_source(&layers, path, &source::code_of(&text)));
        files += 1;
    }
    if files == 0 || edges.is_empty() {
        bail!("layering found nothing to check");
    }
    if breaches.is_empty() {
        step::say(&format!(
            "layering: {} packages, {} dependencies, {files} files hold",
            packages.len(),
            edges.len()
        ));
        return Ok(());
    }
    bail!(
        "{} breaches of .config/layers.toml:\n{}",
        breaches.len(),
        breaches.join("\n")
    )
}

/// What `cargo metadata` says of the workspace, without looking at dependencies of dependencies.
///
/// # Errors
/// What cargo says.
pub(crate) fn metadata() -> Result<serde_json::Value> {
    let text = step::ask(build::cargo("metadata").args(["--no-deps", "--format-version", "1"]))
        .context("asking `cargo metadata`; run it by hand to see what it says")?;
    serde_json::from_str(&text).context("reading what `cargo metadata` said")
}

fn graph(metadata: &serde_json::Value) -> Result<(BTreeSet<String>, Vec<Edge>)> {
    let list = |value: &serde_json::Value| {
        value
            .as_array()
            .cloned()
            .context("reading `cargo metadata`: no list")
    };
    let name = |value: &serde_json::Value| value["name"].as_str().unwrap_or_default().to_owned();
    let mut packages = BTreeSet::new();
    let mut edges = Vec::new();
    for package in list(&metadata["packages"])? {
        packages.insert(name(&package));
        for dependency in list(&package["dependencies"])? {
            edges.push(Edge {
                from: name(&package),
                to: name(&dependency),
                tests: dependency["kind"] == "dev",
            });
        }
    }
    Ok((packages, edges))
}

fn breaches_of_packages(
    layers: &Layers,
    packages: &BTreeSet<String>,
    edges: &[Edge],
) -> Vec<String> {
    let mut breaches = Vec::new();
    for package in packages
        .iter()
        .filter(|package| !layers.packages.contains_key(*package))
    {
        breaches.push(format!(
            "{package} has no place in [packages]; say there what it may use"
        ));
    }
    for Edge { from, to, tests } in edges {
        let allowed = |table: &BTreeMap<String, BTreeSet<String>>| {
            table.get(from).is_some_and(|list| list.contains(to))
        };
        let whose = if *tests { "the tests of " } else { "" };
        if packages.contains(to)
            && !allowed(&layers.packages)
            && !(*tests && allowed(&layers.tests))
        {
            breaches.push(format!("{whose}{from} may not use {to}"));
        }
        for one in layers.crates.iter().filter(|one| one.name == *to) {
            let allowed = one.packages.contains(from) || (*tests && one.tests.contains(from));
            if !allowed {
                breaches.push(format!("{whose}{from} may not use {to}: {}", one.why));
            }
        }
    }
    breaches
}

fn breaches_of_source(layers: &Layers, path: &str, code: &str) -> Vec<String> {
    let misplaced = layers.crates.iter().filter(|one| {
        !one.files
            .iter()
            .any(|start| path.starts_with(start.as_str()))
    });
    misplaced
        .filter_map(|one| {
            let line = code
                .lines()
                .position(|line| source::names_crate(line, &one.name.replace('-', "_")))?;
            Some(format!(
                "{path}:{}: names {}: {}",
                line + 1,
                one.name,
                one.why
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers() -> Layers {
        toml::from_str(
            "[packages]\nbase = []\ntop = [\"base\"]\n[tests]\nbase = [\"top\"]\n\
             [[crate]]\nname = \"driver-x\"\nwhy = \"one place\"\npackages = [\"base\"]\ntests = [\"top\"]\nfiles = [\"base/src/\"]\n",
        )
        .expect("a small table")
    }

    fn breaches(from: &str, to: &str, tests: bool) -> usize {
        let packages = ["base", "top"].map(str::to_owned).into();
        breaches_of_packages(
            &layers(),
            &packages,
            &[Edge {
                from: from.into(),
                to: to.into(),
                tests,
            }],
        )
        .len()
    }

    #[test]
    fn a_package_may_use_what_its_row_names_and_nothing_else() {
        assert_eq!(breaches("top", "base", false), 0);
        assert_eq!(breaches("base", "top", false), 1);
        assert_eq!(breaches("base", "top", true), 0);
        assert_eq!(breaches("top", "serde", false), 0);
    }

    #[test]
    fn a_driver_has_one_package() {
        assert_eq!(breaches("base", "driver-x", false), 0);
        assert_eq!(breaches("top", "driver-x", false), 1);
        assert_eq!(breaches("top", "driver-x", true), 0);
    }

    #[test]
    fn a_package_without_a_row_is_a_breach() {
        let packages = ["base", "new"].map(str::to_owned).into();
        assert_eq!(breaches_of_packages(&layers(), &packages, &[]).len(), 1);
    }

    #[test]
    fn a_driver_is_named_in_its_files_only() {
        assert!(breaches_of_source(&layers(), "base/src/a.rs", "use driver_x::Y;").is_empty());
        let elsewhere = breaches_of_source(&layers(), "top/src/a.rs", "\nlet y = driver_x::y();");
        assert_eq!(elsewhere.len(), 1);
        assert!(elsewhere[0].starts_with("top/src/a.rs:2:"));
        assert!(breaches_of_source(&layers(), "top/src/a.rs", "let driver_x = 1;").is_empty());
    }
}
