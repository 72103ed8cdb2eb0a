//! What a guest said: lines of `LOCKDOWN/STEP/WHAT text`, the last of them `done`, sorted by what they are about. Reads; does not judge.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// All of it.
pub(super) struct Said {
    about: HashMap<String, String>,
    complete: bool,
}

/// What was said under one lockdown.
pub(super) struct Round<'said> {
    said: &'said Said,
    lockdown: &'said str,
}

impl Said {
    /// # Errors
    /// A line that begins with nothing that it could be about.
    pub(super) fn read(text: &str) -> Result<Self> {
        let mut said = Self {
            about: HashMap::new(),
            complete: false,
        };
        // What was cut off in the middle of a line is not looked at.
        let whole = text
            .split_inclusive('\n')
            .filter_map(|line| line.strip_suffix('\n'));
        for line in whole {
            if line == "done" {
                said.complete = true;
                break;
            }
            let (about, rest) = line.split_once(' ').unwrap_or((line, ""));
            if about.matches('/').count() != 2 {
                bail!("the guest said something about nothing: `{line}`");
            }
            let section = said.about.entry(about.to_owned()).or_default();
            section.push_str(rest);
            section.push('\n');
        }
        Ok(said)
    }

    /// It came to its end.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    pub(super) fn round<'said>(&'said self, lockdown: &'said str) -> Round<'said> {
        Round {
            said: self,
            lockdown,
        }
    }
}

impl Round<'_> {
    /// What was said about `STEP/WHAT`; nothing at all is an empty text.
    pub(super) fn text(&self, about: &str) -> &str {
        let section = self.said.about.get(&format!("{}/{about}", self.lockdown));
        section.map_or("", |text| text.trim_end())
    }

    /// The same as JSON: one value after the other.
    ///
    /// # Errors
    /// It is something else.
    pub(super) fn values(&self, about: &str) -> Result<Vec<Value>> {
        serde_json::Deserializer::from_str(self.text(about))
            .into_iter()
            .collect::<Result<_, _>>()
            .with_context(|| format!("reading what the guest said about {about}"))
    }

    /// The one value.
    ///
    /// # Errors
    /// There are none or several.
    pub(super) fn value(&self, about: &str) -> Result<Value> {
        let mut values = self.values(about)?;
        match (values.pop(), values.is_empty()) {
            (Some(value), true) => Ok(value),
            _ => bail!("the guest said nothing, or several things, about {about}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_by_what_they_are_about() {
        let text = "none/a/check {\nnone/a/check   \"x\": 1\nnone/a/code 0\nnone/a/check }\nother/a/code 1\nnone/b/rows 1\nnone/b/rows 2\ndone\n";
        let said = Said::read(text).unwrap();
        assert!(said.is_complete());
        let round = said.round("none");
        assert_eq!(round.value("a/check").unwrap()["x"], 1);
        assert_eq!(round.text("a/code"), "0");
        assert_eq!(round.values("b/rows").unwrap().len(), 2);
        assert!(round.value("b/rows").is_err());
        assert_eq!(round.text("a/other"), "");
        assert_eq!(said.round("other").text("a/code"), "1");
    }

    #[test]
    fn what_was_cut_off_is_not_complete() {
        assert!(!Said::read("none/a/code 0\nnone/a").unwrap().is_complete());
        assert!(Said::read("[    2.0] Kernel panic\n").is_err());
    }
}
