//! Rules for the page's TypeScript. Pure; types and lints are left to its own tools.

use super::Breach;

/// Ways in which a page builds markup out of data, which ours never does.
const MARKUP: [&str; 5] = [
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "dangerouslySetInnerHTML",
];
/// What is wrong with a TypeScript file.
pub(super) fn breaches(path: &str, text: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    if !text.trim_start().starts_with("/**") {
        breaches.push(Breach::new(
            "opening",
            1,
            "opens with `/** … */`: what the file is, and what it leaves to others",
        ));
    }
    let test = path.contains(".test.") || path.contains("/tests/");
    for (number, line) in text.lines().enumerate() {
        if test
            && [".skip(", ".only(", ".todo(", ".fixme("]
                .iter()
                .any(|stub| line.contains(stub))
        {
            breaches.push(Breach::new("stub", number + 1, "no tests that do not run"));
        }
        if !test && MARKUP.iter().any(|word| line.contains(word)) {
            breaches.push(Breach::new(
                "markup",
                number + 1,
                "the page never builds HTML from data",
            ));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules_broken(path: &str, text: &str) -> Vec<&'static str> {
        breaches(path, text)
            .iter()
            .map(|breach| breach.rule)
            .collect()
    }

    #[test]
    fn every_file_says_what_it_is() {
        assert_eq!(rules_broken("a.ts", "export {};\n"), ["opening"]);
        assert!(rules_broken("a.tsx", "/** The tree. */\nexport const a = 1;\n").is_empty());
    }

    #[test]
    fn a_test_runs_or_it_goes() {
        assert_eq!(
            rules_broken("a.test.ts", "/** A. */\ntest.skip(1);\n"),
            ["stub"]
        );
        assert!(rules_broken("a.ts", "/** A. */\nrows.skip(1);\n").is_empty());
    }

    #[test]
    fn markup_from_data_is_refused() {
        assert_eq!(
            rules_broken("web/ui/src/a.ts", "/** A. */\nnode.innerHTML = x;\n"),
            ["markup"]
        );
    }
}
