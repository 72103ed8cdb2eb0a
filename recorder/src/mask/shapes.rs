//! Secrets that are known by their looks: tokens, key ids, private keys.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// Whoever issues these made them to be recognised. No alternative looks past its own end, so a text is gone through once.
static TOKENS: LazyLock<Regex> = LazyLock::new(|| {
    let shapes = [
        // JSON Web Tokens: a base64url of `{"`, and two parts or more.
        r"eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{8,}(?:\.[0-9A-Za-z_-]*)*",
        // AWS: key ids.
        r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA|ANVA|ABIA|ACCA)[0-9A-Z]{16}\b",
        // GitHub, GitLab, Slack.
        r"\bgh[pousr]_[0-9A-Za-z]{20,}",
        r"\bgithub_pat_[0-9A-Za-z_]{20,}",
        r"\bglpat-[0-9A-Za-z_-]{16,}",
        r"\bxox[a-z]-[0-9A-Za-z-]{10,}",
        // Payment and model services, package registries.
        r"\bsk[-_](?:live|test|proj|ant)[-_][0-9A-Za-z_-]{16,}",
        r"\bhf_[0-9A-Za-z]{30,}",
        r"\bnpm_[0-9A-Za-z]{36,}",
        r"\bAIza[0-9A-Za-z_-]{35}",
    ];
    #[allow(clippy::expect_used, reason = "the tests compile it")]
    Regex::new(&format!("(?-u){}", shapes.join("|"))).expect("a pattern of ours")
});

/// The part of the first look's pattern that finds any of these, of private keys and of URLs.
pub(super) const KNOWN_BY: &str = "://|eyj|akia|asia|agpa|aida|aroa|anpa|anva|abia|acca|gh[pousr]_|github_pat|glpat|xox[a-z]-|sk[-_]|hf_|npm_|aiza|private key";

/// How the first line of a private key ends, in PEM and in OpenPGP.
const KEY_BEGINS: [&str; 2] = ["PRIVATE KEY-----", "PRIVATE KEY BLOCK-----"];

/// How its last line begins.
const KEY_ENDS: &str = "-----END";

/// Names what looks like a secret in `text`.
pub(super) fn hide(text: &str, mut hide: impl FnMut(Range<usize>)) {
    for token in TOKENS.find_iter(text) {
        hide(token.range());
    }
    for begins in KEY_BEGINS {
        let mut from = 0;
        while let Some(found) = text[from..].find(begins) {
            let start = from + found + begins.len();
            from = text[start..]
                .find(KEY_ENDS)
                .map_or(text.len(), |length| start + length);
            hide(start..from);
            // Past the last line, which ends as the first one does.
            from = (from + KEY_ENDS.len()).min(text.len());
            from += text[from..].find("-----").map_or(0, |length| length + 5);
        }
    }
}
