//! Names whose values are secrets, as options, variables, keys, headers and labels spell them.

/// A name that holds one of these names a secret…
const ANYWHERE: [&str; 10] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "api_key",
    "apikey",
    "access_key",
    "accesskey",
    "credential",
];

/// …and so does one that ends in one of these…
const AT_THE_END: [&str; 15] = [
    "authorization",
    "token",
    "pass",
    "_pwd",
    "bearer",
    "masterauth",
    "private_key",
    "privatekey",
    "encryption_key",
    "signing_key",
    "account_key",
    "auth_key",
    "authkey",
    "master_key",
    "shared_key",
];

/// …unless its last word says that the value only leads to the secret or describes it: `--password-file` is a path. (What stands in that
/// file is not on the command line.)
const LEADS_TO_IT: [&str; 20] = [
    "file",
    "path",
    "dir",
    "directory",
    "stdin",
    "name",
    "url",
    "uri",
    "endpoint",
    "command",
    "cmd",
    "policy",
    "length",
    "size",
    "ttl",
    "type",
    "prompt",
    "hint",
    "limit",
    "count",
];

/// Words that end in `pass` and hold none: programs that ask for one, and words of another meaning.
const OTHER_PASSES: [&str; 7] = [
    "askpass",
    "bypass",
    "compass",
    "encompass",
    "overpass",
    "trespass",
    "underpass",
];

/// First words of options that are switches: what follows them is another argument (`--no-password DATABASE`).
const SWITCHES: [&str; 14] = [
    "no", "ask", "prompt", "show", "hide", "allow", "enable", "disable", "skip", "without",
    "verify", "check", "generate", "reset",
];

/// Headers that hold credentials though no word of theirs says so.
const HEADERS: [&str; 4] = [
    "authorization",
    "proxy_authorization",
    "cookie",
    "set_cookie",
];

/// Values that no secret has: switches, and the single digits of multi-pass encoders (`--pass 1`).
const NO_SECRETS: [&str; 8] = ["true", "false", "yes", "no", "on", "off", "null", "none"];

/// Longest name that is looked at, in bytes; of a longer one, its end.
const LONGEST: usize = 128;

/// Whether the value of what is so called is a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let name = plain(name);
    let last = name.rsplit('_').next().unwrap_or_default();
    if LEADS_TO_IT.contains(&last) || OTHER_PASSES.contains(&last) {
        return false;
    }
    ANYWHERE.iter().any(|part| name.contains(part))
        || AT_THE_END.iter().any(|end| name.ends_with(end))
}

/// Whether an option so called takes a secret as its next argument.
pub(super) fn takes_secret(option: &str) -> bool {
    let name = plain(option);
    is_secret(option) && !SWITCHES.contains(&name.split('_').next().unwrap_or_default())
}

/// Whether a header so called holds credentials. `-H` may stand before it (`curl -HCookie:…`).
pub(super) fn is_header(name: &str) -> bool {
    let name = name.strip_prefix("-H").unwrap_or(name);
    HEADERS.contains(&plain(name).as_str())
        || (name.contains('-') && !name.starts_with('-') && is_secret(name))
}

/// Whether a header's value begins with the name of a scheme, which may stay.
pub(super) fn has_scheme(name: &str) -> bool {
    plain(name).ends_with("authorization")
}

/// Whether a value can be a secret at all.
pub(super) fn can_be_secret(value: &str) -> bool {
    let is_digit = value.len() == 1 && value.as_bytes()[0].is_ascii_digit();
    !value.is_empty()
        && !is_digit
        && !NO_SECRETS
            .iter()
            .any(|word| value.eq_ignore_ascii_case(word))
}

/// Lower-case words parted by `_`, whether they came as `Api-Key`, `api.key` or `apiKey`; leading dashes dropped.
fn plain(name: &str) -> String {
    let name = name.trim_start_matches('-');
    let name = &name[name.ceil_char_boundary(name.len().saturating_sub(LONGEST))..];
    let mut plain = String::with_capacity(name.len() + 8);
    let mut was_lower = false;
    for letter in name.chars() {
        if was_lower && letter.is_ascii_uppercase() {
            plain.push('_');
        }
        was_lower = letter.is_ascii_lowercase();
        plain.push(if matches!(letter, '-' | '.') {
            '_'
        } else {
            letter.to_ascii_lowercase()
        });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for name in [
            "PASSWORD",
            "--password",
            "db.password",
            "spring.datasource.password",
            "MYSQL_PWD",
            "PGPASSWORD",
            "clientSecret",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_ACCESS_KEY_ID",
            "X-Api-Key",
            "apiKey",
            "APIKEY",
            "GITHUB_TOKEN",
            "accessToken",
            "token",
            "--pass",
            "DBPass",
            "-storepass",
            "requirepass",
            "RESTIC_PASSWORD",
            "secret_id",
            "PRIVATE_KEY",
            "oauth2-bearer",
            "_authToken",
        ] {
            assert!(is_secret(name), "{name}");
        }
    }

    #[test]
    fn names_of_other_things() {
        for name in [
            "",
            "-",
            "PWD",
            "OLDPWD",
            "TOKENIZERS_PARALLELISM",
            "tokenizer",
            "max-tokens",
            "--password-file",
            "POSTGRES_PASSWORD_FILE",
            "secretName",
            "token-url",
            "authorization-mode",
            "SSH_ASKPASS",
            "compass",
            "bypass",
            "passes",
            "pass-through",
            "key",
            "keyfile",
            "keyboard",
            "monkey",
            "author",
            "user",
            "path",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn switches_take_no_secret() {
        assert!(
            takes_secret("--password")
                && takes_secret("-password")
                && takes_secret("--become-pass")
        );
        for option in [
            "--no-password",
            "--ask-pass",
            "--ask-become-pass",
            "--show-secrets",
            "--verbose",
            "--password-stdin",
        ] {
            assert!(!takes_secret(option), "{option}");
        }
    }

    #[test]
    fn a_name_of_any_length_is_looked_at_from_its_end() {
        assert!(is_secret(&format!("{}PASSWORD", "é_".repeat(100_000))));
        assert!(!is_secret(&format!("PASSWORD{}", "_x".repeat(100_000))));
    }
}
