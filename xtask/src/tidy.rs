//! The house rules of STYLE.md, as a test: walks every file that git knows or would take, and asks each
//! rule. The rules are in the files of this folder; exemptions, each with its reason, in `.config/tidy.toml`.

mod manifest;
mod name;
mod rust;
mod script;
pub(crate) mod source;
mod text;

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{step, tree};

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breach {
    /// The rule's name, as `.config/tidy.toml` calls it.
    rule: &'static str,
    /// Counted from 1.
    line: usize,
    /// What is wrong, and what to do.
    says: String,
}

impl Breach {
    fn new(rule: &'static str, line: usize, says: impl Into<String>) -> Self {
        Self {
            rule,
            line,
            says: says.into(),
        }
    }
}

/// What the tree may depart in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The most lines that a source file may have.
    max_lines: usize,
    /// Exemptions.
    #[serde(default)]
    allow: Vec<Exemption>,
}

/// One rule does not hold for one file, for a reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exemption {
    file: String,
    rule: String,
    why: String,
}

/// Checks the tree and says so.
///
/// # Errors
/// Every breach, one per line.
pub(crate) fn report() -> Result<()> {
    let file = tree::root().join(".config/tidy.toml");
    let text =
        std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    let settings: Settings =
        toml::from_str(&text).with_context(|| format!("reading {}", file.display()))?;
    let mut breaches = Vec::new();
    let mut files = 0_usize;
    for path in files_of_tree()? {
        let Ok(bytes) = std::fs::read(tree::root().join(&path)) else {
            continue;
        };
        files += 1;
        let found = name::breaches(&path).into_iter();
        let in_text = String::from_utf8(bytes).map_or_else(
            |_| Vec::new(),
            |text| check(&path, &text, settings.max_lines),
        );
        breaches.extend(found.chain(in_text).map(|breach| (path.clone(), breach)));
    }
    if files == 0 {
        bail!("tidy found no file to check");
    }
    let lines = verdict(&settings.allow, &breaches);
    if lines.is_empty() {
        step::say(&format!("tidy: {files} files hold"));
        return Ok(());
    }
    bail!(
        "{} breaches of the house rules:\n{}",
        lines.len(),
        lines.join("\n")
    )
}

/// Every file that git has or would take, as paths from the root.
///
/// # Errors
/// Without git, or outside a clone.
pub(crate) fn files_of_tree() -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ])
    .current_dir(tree::root());
    let listed = step::ask(&mut git)
        .context("asking git for the files of the tree; tidy needs a git clone")?;
    let paths: BTreeSet<String> = listed
        .split('\0')
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
        .collect();
    Ok(paths.into_iter().collect())
}

fn check(path: &str, text: &str, max_lines: usize) -> Vec<Breach> {
    let mut breaches = text::breaches(path, text, max_lines);
    breaches.extend(manifest::breaches(path, text));
    match path.rsplit('.').next() {
        Some("rs") => breaches.extend(rust::breaches(path, text)),
        Some("ts" | "tsx" | "mjs") => breaches.extend(script::breaches(path, text)),
        _ => {}
    }
    breaches
}

/// The breaches that no exemption covers, and the exemptions that cover nothing any more.
fn verdict(allow: &[Exemption], breaches: &[(String, Breach)]) -> Vec<String> {
    let covers = |exemption: &Exemption, path: &str, breach: &Breach| {
        exemption.file == path && exemption.rule == breach.rule
    };
    let mut lines: Vec<String> = breaches
        .iter()
        .filter(|(path, breach)| {
            !allow
                .iter()
                .any(|exemption| covers(exemption, path, breach))
        })
        .map(|(path, breach)| format!("{path}:{}: {} [{}]", breach.line, breach.says, breach.rule))
        .collect();
    for exemption in allow {
        if exemption.why.trim().is_empty() {
            lines.push(format!(
                ".config/tidy.toml: the exemption of {} from {} gives no reason",
                exemption.file, exemption.rule
            ));
        }
        if !breaches
            .iter()
            .any(|(path, breach)| covers(exemption, path, breach))
        {
            lines.push(format!(
                ".config/tidy.toml: {} needs no exemption from {} any more",
                exemption.file, exemption.rule
            ));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exemption(file: &str, why: &str) -> Exemption {
        Exemption {
            file: file.into(),
            rule: "length".into(),
            why: why.into(),
        }
    }

    #[test]
    fn an_exemption_covers_its_file_and_rule() {
        let breaches = [
            ("a.rs".to_owned(), Breach::new("length", 500, "long")),
            ("a.rs".to_owned(), Breach::new("opening", 1, "mute")),
        ];
        assert_eq!(
            verdict(&[exemption("a.rs", "a table")], &breaches),
            ["a.rs:1: mute [opening]"]
        );
    }

    #[test]
    fn an_exemption_needs_a_reason_and_a_use() {
        let breaches = [("a.rs".to_owned(), Breach::new("length", 500, "long"))];
        assert_eq!(verdict(&[exemption("a.rs", " ")], &breaches).len(), 1);
        assert_eq!(verdict(&[exemption("a.rs", "a table")], &[]).len(), 1);
    }
}
