//! Rules for the text of every file: its length, its spaces, and nothing in it that ties the tree to one
//! machine or opens another. Pure.

use std::path::Path;

use super::Breach;

/// Homes of people and machines; a path in one is right on one machine only.
const HOMES: [&str; 3] = ["/root/", "/home/", "/Users/"];
/// What begins a secret that was put down by mistake.
const SECRETS: [&str; 6] = [
    "PRIVATE KEY-----",
    "_authToken=",
    "ghp_",
    "github_pat_",
    "xoxb-",
    "AKIA",
];

/// Endings of files that people write by hand.
const SOURCES: [&str; 8] = ["rs", "ts", "tsx", "mjs", "css", "c", "sh", "py"];

/// What is wrong with what a file says, whatever its language.
pub(super) fn breaches(path: &str, text: &str, max_lines: usize) -> Vec<Breach> {
    let mut breaches = spacing(text);
    breaches.extend(machine(text));
    let ending = Path::new(path)
        .extension()
        .and_then(|ending| ending.to_str());
    let lines = text.lines().count();
    if lines > max_lines && ending.is_some_and(|ending| SOURCES.contains(&ending)) {
        let says =
            format!("{lines} lines; no file has more than {max_lines}: find the second noun in it");
        breaches.push(Breach::new("length", 1, says));
    }
    breaches
}

fn spacing(text: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (number, line) in text.split('\n').enumerate() {
        if line.ends_with([' ', '\t', '\r']) {
            breaches.push(Breach::new(
                "spacing",
                number + 1,
                "space at the end of the line",
            ));
        }
    }
    if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
        breaches.push(Breach::new(
            "spacing",
            text.lines().count().max(1),
            "a file ends with one newline",
        ));
    }
    breaches
}

/// What ties the tree to one machine, or gives away what opens another.
fn machine(text: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if HOMES.iter().any(|home| begins_a_path(line, home)) {
            breaches.push(Breach::new(
                "home",
                number + 1,
                "a path in somebody's home: right on one machine only",
            ));
        }
        if SECRETS.iter().any(|secret| holds_secret(line, secret)) {
            breaches.push(Breach::new(
                "secret",
                number + 1,
                "looks like a secret; no secret is kept in the tree",
            ));
        }
    }
    breaches
}

fn begins_a_path(line: &str, home: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || "_-.}/*".contains(c);
    let goes_on = |c: char| c.is_alphanumeric() || c == '.' || c == '_';
    line.match_indices(home)
        .any(|(at, _)| !line[..at].ends_with(joins) && line[at + home.len()..].starts_with(goes_on))
}

fn holds_secret(line: &str, beginning: &str) -> bool {
    // A marker alone is not a secret; one with a long tail of key characters (or a key file's first line) is.
    line.match_indices(beginning).any(|(at, _)| {
        let tail = line[at + beginning.len()..]
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .count();
        let kind = line[..at].rsplit_once("-----BEGIN").map(|(_, kind)| kind);
        let key_file = |kind: &str| kind.chars().all(|c| c.is_ascii_uppercase() || c == ' ');
        tail >= 16 || (beginning.ends_with("-----") && kind.is_some_and(key_file))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules_broken(path: &str, text: &str) -> Vec<&'static str> {
        breaches(path, text, 10)
            .iter()
            .map(|breach| breach.rule)
            .collect()
    }

    #[test]
    fn long_files_are_refused() {
        assert_eq!(
            rules_broken("a.rs", &format!("//! A.\n{}", "//\n".repeat(10))),
            ["length"]
        );
    }

    #[test]
    fn spaces_at_line_ends_and_missing_newlines_are_refused() {
        assert_eq!(rules_broken("a.md", "a \n"), ["spacing"]);
        assert_eq!(rules_broken("a.md", "a"), ["spacing"]);
        assert_eq!(rules_broken("a.md", "a\n\n"), ["spacing"]);
        assert_eq!(rules_broken("a.md", "a\r\n"), ["spacing"]);
    }

    #[test]
    fn homes_are_refused_where_a_path_begins() {
        let home = format!("see {}me/notes\n", "/home/");
        assert_eq!(rules_broken("a.md", &home), ["home"]);
        assert!(rules_broken("a.md", "chroot/root/a ${x}/root/b\n").is_empty());
    }

    #[test]
    fn secrets_are_refused() {
        let key = ["-----BEGIN", "PRIVATE KEY-----"].join("\u{20}") + "\n";
        assert_eq!(rules_broken("a.md", &key), ["secret"]);
        assert_eq!(
            rules_broken("a.md", &format!("{}{}\n", "ghp_", "a1".repeat(18))),
            ["secret"]
        );
        assert!(rules_broken("a.md", "keys begin with AKIA\n").is_empty());
    }
}
