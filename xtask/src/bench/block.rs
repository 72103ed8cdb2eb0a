//! The generated parts of `docs/benchmarks.md`: each stands between `<!-- bench:NAME -->` and `<!-- /bench -->`, and is replaced as a whole.

use anyhow::{Context, Result, bail};

use crate::tree;

/// What closes every block.
const CLOSE: &str = "<!-- /bench -->";

/// Puts a report in the place of the one of that name.
///
/// # Errors
/// The document cannot be read or written, or has no such place.
pub(super) fn write(name: &str, report: &str) -> Result<()> {
    let file = tree::root().join("docs/benchmarks.md");
    let text =
        std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    let text = replace(&text, name, report)
        .with_context(|| format!("looking for the place in {}", file.display()))?;
    std::fs::write(&file, text).with_context(|| format!("writing {}", file.display()))
}

fn replace(text: &str, name: &str, report: &str) -> Result<String> {
    let open = format!("<!-- bench:{name} -->");
    let Some((before, rest)) = text.split_once(&open) else {
        bail!(
            "there is no line `{open}`; put one, and a line `{CLOSE}` below it, where the report is to stand"
        );
    };
    let Some((was, after)) = rest.split_once(CLOSE) else {
        bail!("`{open}` is not closed; put a line `{CLOSE}` below it");
    };
    if was.contains("<!-- bench:") {
        bail!("`{open}` is not closed before the next one begins; put a line `{CLOSE}` below it");
    }
    Ok(format!(
        "{before}{open}\n\n{}\n\n{CLOSE}{after}",
        report.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Head\n<!-- bench:a -->\nold\n<!-- /bench -->\nbetween\n<!-- bench:b -->\n<!-- /bench -->\nend\n";

    #[test]
    fn one_report_is_replaced_and_nothing_else() {
        let text = replace(TEXT, "a", "new\n").expect("it has a place");
        assert_eq!(text, TEXT.replace("\nold\n", "\n\nnew\n\n"));
        assert_eq!(
            replace(&text, "a", "new").expect("it still has"),
            text,
            "a second time changes nothing"
        );
        let both = replace(&text, "b", "also").expect("so has this");
        assert!(both.contains("new") && both.contains("\n\nalso\n\n<!-- /bench -->\nend\n"));
    }

    #[test]
    fn a_place_that_is_missing_or_open_is_told() {
        assert!(replace(TEXT, "c", "new").is_err());
        assert!(replace("<!-- bench:a -->\n", "a", "new").is_err());
        let open = "<!-- bench:a -->\n<!-- bench:b -->\n<!-- /bench -->\n";
        assert!(replace(open, "a", "new").is_err());
    }
}
