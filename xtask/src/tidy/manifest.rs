//! Rules for what names packages: versions stand in the root `Cargo.toml` alone, and no file says where
//! somebody's machine fetches packages from. Pure.

use super::Breach;

/// Where Cargo.lock says a crate comes from, whatever the machine really asks.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// What is wrong with a manifest, lock file or package setting; nothing for other files.
pub(super) fn breaches(path: &str, text: &str) -> Vec<Breach> {
    match path.rsplit('/').next().unwrap_or_default() {
        // The kernel programs are built outside the workspace, by another compiler, and have a list of their own.
        "Cargo.toml" if path != "Cargo.toml" && !path.starts_with("recorder-ebpf/") => {
            versions(text)
        }
        "Cargo.lock" => lines(
            text,
            |line| line.starts_with("source = ") && !line.contains(CRATES_IO),
            "a crate from elsewhere than crates.io",
        ),
        "package-lock.json" => lines(
            text,
            |line| line.contains("\"resolved\": \"http"),
            "names the registry it was made with; make it with omit-lockfile-registry-resolved",
        ),
        ".npmrc" => lines(
            text,
            |line| line.contains("registry="),
            "the registry is the machine's business",
        ),
        "config.toml" => lines(
            text,
            |line| line.contains("replace-with") || line.contains("[registries"),
            "the registry is the machine's business",
        ),
        _ => Vec::new(),
    }
}

fn lines(text: &str, wrong: impl Fn(&str) -> bool, says: &str) -> Vec<Breach> {
    let numbered = text
        .lines()
        .enumerate()
        .filter(|(_, line)| wrong(line.trim_start()));
    numbered
        .map(|(number, _)| Breach::new("registry", number + 1, says))
        .collect()
}

fn versions(text: &str) -> Vec<Breach> {
    let Ok(manifest) = text.parse::<toml::Table>() else {
        return vec![Breach::new("version", 1, "cargo cannot read this either")];
    };
    let mut breaches = Vec::new();
    let own = manifest
        .get("package")
        .and_then(|package| package.get("version"));
    if own.is_some_and(toml::Value::is_str) {
        breaches.push(Breach::new(
            "version",
            1,
            "the version stands in the root Cargo.toml: version.workspace = true",
        ));
    }
    for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let Some(list) = manifest.get(table).and_then(toml::Value::as_table) else {
            continue;
        };
        for (name, value) in list {
            let inherited = value.get("workspace").and_then(toml::Value::as_bool) == Some(true);
            if !inherited {
                let line = text
                    .lines()
                    .position(|line| line.starts_with(name.as_str()))
                    .map_or(1, |at| at + 1);
                breaches.push(Breach::new(
                    "version",
                    line,
                    format!("{name} stands in the root Cargo.toml: {name}.workspace = true"),
                ));
            }
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_inherit_their_versions() {
        let good = "[package]\nname = \"a\"\nversion.workspace = true\n[dependencies]\nserde.workspace = true\nb = { workspace = true, features = [] }\n";
        assert!(breaches("web/Cargo.toml", good).is_empty());
        let bad = breaches(
            "web/Cargo.toml",
            "[dev-dependencies]\nserde = \"1\"\nb = { path = \"../b\" }\n",
        );
        assert_eq!(
            bad.iter().map(|breach| breach.line).collect::<Vec<_>>(),
            [3, 2]
        );
        assert_eq!(
            breaches("web/Cargo.toml", "[package]\nversion = \"0.1.0\"\n").len(),
            1
        );
    }

    #[test]
    fn the_root_has_them() {
        assert!(breaches("Cargo.toml", "[dependencies]\nserde = \"1\"\n").is_empty());
    }

    #[test]
    fn lock_files_name_no_mirror() {
        assert!(breaches("Cargo.lock", &format!("source = \"{CRATES_IO}\"\n")).is_empty());
        assert_eq!(
            breaches(
                "Cargo.lock",
                "source = \"registry+https://mirror.example/index\"\n"
            )
            .len(),
            1
        );
        assert_eq!(
            breaches(
                "web/ui/package-lock.json",
                "  \"resolved\": \"https://mirror.example/a.tgz\",\n"
            )
            .len(),
            1
        );
    }
}
