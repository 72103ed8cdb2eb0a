//! Secrets that are known by what stands before them: `--password SECRET` of any program, `-pSECRET` and its like of known ones.

use std::ops::Range;

use super::names;

/// The word that makes a container tool ask for a password.
const LOGIN: &str = "login";

/// How a program is given a secret.
enum Form {
    /// `-pSECRET`.
    Attached(&'static str),
    /// `-p SECRET` or `-pSECRET`.
    Short(&'static str),
    /// `--option SECRET`.
    Long(&'static str),
    /// `-u USER:SECRET` or `-uUSER:SECRET`; the character that parts them.
    AfterUser(&'static str, char),
    /// Any word that begins so.
    Prefixed(&'static str),
}

/// Programs by their names (`*`: by how those begin), a word that must stand in the command, too, and their ways.
type Program = (&'static [&'static str], &'static str, &'static [Form]);

const PROGRAMS: &[Program] = {
    use Form::*;
    const CURL: &[Form] = &[
        AfterUser("-u", ':'),
        AfterUser("--user", ':'),
        AfterUser("-U", ':'),
        AfterUser("--proxy-user", ':'),
    ];
    &[
        (&["mysql*", "mariadb*", "mycli"], "", &[Attached("-p")]),
        (&["sshpass"], "", &[Short("-p")]),
        (
            &["redis-cli", "redis-benchmark", "valkey-cli"],
            "",
            &[Short("-a")],
        ),
        (&["curl"], "", CURL),
        (
            &["http", "https"],
            "",
            &[AfterUser("-a", ':'), AfterUser("--auth", ':')],
        ),
        (&["mongo*"], "", &[Short("-p")]),
        (&["ldap*"], "", &[Short("-w")]),
        (&["sqlcmd", "bcp"], "", &[Short("-P")]),
        (
            &[
                "docker", "podman", "buildah", "skopeo", "nerdctl", "helm", "crane",
            ],
            LOGIN,
            &[Short("-p")],
        ),
        (&["7z*", "rar", "unrar"], "", &[Attached("-p")]),
        (&["zip", "unzip", "zipcloak"], "", &[Short("-P")]),
        (&["mosquitto_*"], "", &[Short("-P")]),
        (
            &["smbclient", "rpcclient"],
            "",
            &[AfterUser("-U", '%'), AfterUser("--user", '%')],
        ),
        (
            &["openssl"],
            "",
            &[Prefixed("pass:"), Long("-k"), Long("-K")],
        ),
        (&["useradd", "usermod"], "", &[Short("-p")]),
        (&["xfreerdp*"], "", &[Prefixed("/p:")]),
    ]
};

/// Programs that run others: behind them, any word may be the program.
const WRAPPERS: &[&str] = &[
    "sudo",
    "doas",
    "su-exec",
    "gosu",
    "env",
    "exec",
    "command",
    "nohup",
    "nice",
    "ionice",
    "chrt",
    "taskset",
    "time",
    "timeout",
    "setsid",
    "stdbuf",
    "script",
    "strace",
    "ltrace",
    "perf",
    "watch",
    "xargs",
    "parallel",
    "ssh",
    "chroot",
    "unshare",
    "nsenter",
    "systemd-run",
    "tini",
    "dumb-init",
    "docker",
    "podman",
    "kubectl",
    "oc",
    "srun",
    "mpirun",
    "mpiexec",
    "busybox",
];

/// The part of the first look's pattern that finds any of these programs.
pub(super) const NAMED_BY: &str = "mysql|mariadb|mycli|sshpass|redis|valkey|curl|http|mongo|ldap|sqlcmd|bcp|login|7z|rar|zip|mosquitto|smbclient|rpcclient|openssl|useradd|usermod|xfreerdp";

/// The name of a program without its directory.
pub(super) fn basename(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// Names the secrets in the words of one command: the word, and the place in it.
pub(super) fn hide(words: &[&str], mut hide: impl FnMut(usize, Range<usize>)) {
    let first = words.iter().position(|word| !is_assignment(word));
    let is_wrapped = first.is_some_and(|first| WRAPPERS.contains(&basename(words[first])));
    let is_login = words.contains(&LOGIN);
    let mut known: Vec<&Program> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1);
        let mut is_taken = false;
        for form in known.iter().flat_map(|(_, _, forms)| forms.iter()) {
            of_form(form, word, next, |in_next, span| {
                is_taken = true;
                hide(at + usize::from(in_next), span);
            });
        }
        if let Some(next) = next.filter(|next| !is_taken && takes_secret(word, next)) {
            hide(at + 1, 0..next.len());
        }
        if first == Some(at) || is_wrapped {
            let named = PROGRAMS
                .iter()
                .filter(|(names, also, _)| (also.is_empty() || is_login) && is_named(names, word));
            // Each once: a command of nothing but names must not take forever.
            let new: Vec<_> = named
                .filter(|program| !known.iter().any(|other| std::ptr::eq(*other, *program)))
                .collect();
            known.extend(new);
        }
    }
}

/// Whether a word is an option of any program that takes the next word, which is a secret.
fn takes_secret(option: &str, next: &str) -> bool {
    let takes_it = is_option(option) && !option.contains('=') && names::takes_secret(option);
    takes_it && !is_option(next) && names::can_be_secret(next)
}

fn is_named(names: &[&str], word: &str) -> bool {
    let word = basename(word);
    names.iter().any(|name| match name.strip_suffix('*') {
        Some(start) => word.starts_with(start),
        None => word == *name,
    })
}

fn is_assignment(word: &str) -> bool {
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    word.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && is_name(name))
}

/// Names the secret that this word, or the next one, holds by this form.
fn of_form(form: &Form, word: &str, next: Option<&&str>, mut hide: impl FnMut(bool, Range<usize>)) {
    match form {
        Form::Attached(option) => {
            if let Some(secret) = word
                .strip_prefix(option)
                .filter(|secret| !secret.is_empty())
            {
                hide(false, word.len() - secret.len()..word.len());
            }
        }
        Form::Short(option) => match (word.strip_prefix(option), next) {
            (Some(""), Some(next)) if !is_option(next) => hide(true, 0..next.len()),
            (Some(secret), _) if !secret.is_empty() => hide(false, option.len()..word.len()),
            _ => {}
        },
        Form::Long(option) => {
            if let Some(next) = next.filter(|_| word == *option) {
                hide(true, 0..next.len());
            }
        }
        Form::AfterUser(option, parts) => {
            let after = |word: &str| {
                word.find(*parts)
                    .map(|at| at + parts.len_utf8()..word.len())
            };
            match (word.strip_prefix(option), next) {
                (Some(""), Some(next)) => after(next).into_iter().for_each(|span| hide(true, span)),
                (Some(rest), _) if option.len() == 2 || rest.starts_with('=') => {
                    after(word).into_iter().for_each(|span| hide(false, span));
                }
                _ => {}
            }
        }
        Form::Prefixed(prefix) => {
            if word.starts_with(prefix) {
                hide(false, prefix.len()..word.len());
            }
        }
    }
}

/// Whether a word is an option and not a value: `--word…`, or a dash and one letter, or a word in single-dash style.
fn is_option(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or_default();
    let is_word = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    match (name.strip_prefix("--"), name.strip_prefix('-')) {
        (Some(long), _) => is_word(long),
        (None, Some(short)) => is_word(short) && (short.len() == 1 || names::is_secret(short)),
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_look_finds_every_program() {
        let look = regex::Regex::new(NAMED_BY).unwrap();
        for (names, also, _) in PROGRAMS {
            for name in names.iter() {
                let name = name.trim_end_matches('*');
                assert!(
                    look.is_match(if also.is_empty() { name } else { also }),
                    "{name}"
                );
            }
        }
    }
}
