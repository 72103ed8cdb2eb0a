//! Rules about where a file is and what it is called. Pure.

use std::path::Path;

use super::Breach;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] = [
    "utils", "util", "common", "helpers", "helper", "manager", "misc", "types",
];
/// What is wrong with where a file is and what it is called.
pub(super) fn breaches(path: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for part in Path::new(path) {
        let part = part.to_string_lossy();
        let stem = part.split('.').next().unwrap_or_default();
        if EMPTY_NAMES.contains(&stem) {
            breaches.push(Breach::new(
                "name",
                1,
                format!("`{part}` says nothing: name it after the noun it holds"),
            ));
        }
    }
    if path.ends_with("mod.rs")
        && Path::new(path)
            .file_name()
            .is_some_and(|name| name == "mod.rs")
    {
        breaches.push(Breach::new(
            "name",
            1,
            "no mod.rs: put `folder.rs` beside `folder/`",
        ));
    }
    let ending = Path::new(path)
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    if ["pem", "key", "p12", "env"].contains(&ending) || path.ends_with("/.env") || path == ".env" {
        breaches.push(Breach::new(
            "secret",
            1,
            "a file that by its name holds secrets; no secret is kept in the tree",
        ));
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_names_are_refused() {
        for path in [
            "src/utils.rs",
            "src/common/a.rs",
            "web/ui/src/types.ts",
            "src/a/mod.rs",
        ] {
            assert!(
                breaches(path).iter().any(|breach| breach.rule == "name"),
                "{path}"
            );
        }
    }

    #[test]
    fn a_file_of_secrets_is_known_by_its_name() {
        assert_eq!(breaches("a/.env")[0].rule, "secret");
        assert_eq!(breaches("deploy/server.pem")[0].rule, "secret");
        assert!(breaches("web/src/key.rs").is_empty());
    }
}
