//! What docs/kernels.md states of kernels, in its table under "What was found", against what `recorder --check` finds in a guest.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::said::Round;

const DOCS: &str = include_str!("../../../../docs/kernels.md");
/// The first two columns. Each other one is about the capability that it is called by.
const KEY: [&str; 2] = ["kernel", "lockdown"];
/// The last column: of all that has none.
const OTHERS: &str = "everything else";

/// Everything stands as is stated of the newest kernel that is not newer than the guest's, under the same lockdown.
pub(super) fn check(round: &Round<'_>) -> Result<()> {
    let found = round.value("kernel/check")?;
    ensure!(
        found["problem"].is_null(),
        "recording is not possible: {}",
        found["problem"]
    );
    compare(&found, DOCS)
}

fn compare(found: &Value, docs: &str) -> Result<()> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kernel, lockdown) = (text(&found["kernel"]), text(&found["lockdown"]));
    let mut lines = docs
        .lines()
        .map(cells)
        .skip_while(|cells| !cells.starts_with(&KEY.map(str::to_owned)));
    let head = lines
        .next()
        .context("docs/kernels.md has no table of what was found")?;
    let rows = lines.take_while(|cells| !cells.is_empty());
    let rows = rows.filter(|cells| cells[1] == lockdown && version(&cells[0]) <= version(&kernel));
    let row = rows.max_by_key(|cells| version(&cells[0]));
    let row = row.with_context(|| {
        format!("docs/kernels.md states nothing of kernel {kernel} under lockdown {lockdown}")
    })?;

    let capabilities = found["capabilities"]
        .as_array()
        .context("no capabilities")?;
    let gives = |column: &String| capabilities.iter().any(|one| one["gives"] == **column);
    if let Some(column) = head[KEY.len()..]
        .iter()
        .find(|name| *name != OTHERS && !gives(name))
    {
        bail!("docs/kernels.md has a column `{column}`, which is no capability");
    }
    for capability in capabilities {
        let name = text(&capability["gives"]);
        let column = head.iter().position(|column| *column == name);
        let column = column.or_else(|| head.iter().position(|column| column == OTHERS));
        let stated = column.and_then(|column| row.get(column));
        let stated = stated.with_context(|| format!("no column for `{name}`"))?;
        let is = match (text(&capability["state"]).as_str(), &capability["instead"]) {
            ("replaced", by) => format!("by {}", text(by)),
            (state, _) => state.to_owned(),
        };
        ensure!(
            *stated == is,
            "`{name}` on kernel {kernel} under lockdown {lockdown}: docs/kernels.md states `{stated}`, found is `{is}`"
        );
    }
    Ok(())
}

/// Of a line of a table, without marks; of any other line none.
fn cells(line: &str) -> Vec<String> {
    let inner = line
        .strip_prefix("| ")
        .and_then(|line| line.strip_suffix(" |"));
    let cells = inner.into_iter().flat_map(|inner| inner.split(" | "));
    cells.map(|cell| cell.replace('`', "")).collect()
}

/// Major and minor.
fn version(release: &str) -> Vec<u32> {
    let parts = release.split(|part: char| !part.is_ascii_digit());
    parts.take(2).filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TABLE: &str = "# Kernels\n\n| kernel | lockdown | memory | everything else |\n| --- | --- | --- | --- |\n\
                         | 5.10 | none | by `a probe` | works |\n| 5.10 | `confidentiality` | missing | works |\n\
                         | 6.2 | none | works | works |\n\nThat is all.\n";

    fn found(kernel: &str, lockdown: &str, state: &str) -> Value {
        json!({"kernel": kernel, "lockdown": lockdown, "capabilities": [
            {"gives": "memory", "state": state, "instead": "a probe"},
            {"gives": "events", "state": "works", "instead": null},
        ]})
    }

    #[test]
    fn a_kernel_is_held_against_the_newest_that_is_not_newer() {
        for (kernel, lockdown, state) in [
            ("5.10.0-32-cloud-amd64", "none", "replaced"),
            ("5.10.0-32-cloud-amd64", "confidentiality", "missing"),
            ("6.1.0-50-cloud-amd64", "none", "replaced"),
            ("6.12.107+deb13", "none", "works"),
            ("7.0.1", "none", "works"),
        ] {
            let found = found(kernel, lockdown, state);
            compare(&found, TABLE).unwrap_or_else(|error| panic!("{kernel}: {error}"));
        }
    }

    #[test]
    fn what_is_not_as_stated_is_told() {
        let refused = |found: &Value| compare(found, TABLE).unwrap_err().to_string();
        assert!(refused(&found("6.12.1", "none", "missing")).contains("`memory`"));
        assert!(refused(&found("4.19.0", "none", "works")).contains("4.19.0"));
        assert!(refused(&found("6.12.1", "integrity", "works")).contains("integrity"));
        let mut others = found("6.12.1", "none", "works");
        others["capabilities"][1]["state"] = "off".into();
        assert!(refused(&others).contains("`events`"));
        let mut renamed = found("6.12.1", "none", "works");
        renamed["capabilities"][0]["gives"] = "resident memory".into();
        assert!(refused(&renamed).contains("no capability"));
    }
}
