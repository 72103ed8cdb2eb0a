//! Rust source as code alone: comments and the insides of strings blanked out, lines kept where they are.
//! Knows just enough of the language for that; everything else is left to the compiler.

/// The same text, line for line, with spaces for comments and for what stands in strings and characters.
pub(crate) fn code_of(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut code = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &source[at..];
        let (kept, length) = if rest.starts_with("//") {
            (0, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (0, block_comment(rest))
        } else if let Some(length) = raw_string(source, at) {
            (0, length)
        } else if rest.starts_with('"') {
            (0, quoted(rest, b'"'))
        } else if rest.starts_with('\'') && is_character(rest) {
            (0, quoted(rest, b'\''))
        } else {
            let length = rest.chars().next().map_or(1, char::len_utf8);
            (length, length)
        };
        code.extend_from_slice(&bytes[at..at + kept]);
        code.extend(
            bytes[at + kept..at + length]
                .iter()
                .map(|byte| if *byte == b'\n' { b'\n' } else { b' ' }),
        );
        at += length;
    }
    String::from_utf8_lossy(&code).into_owned()
}

/// The line of code uses the crate: `name::…`, `use name;` or `extern crate name`.
pub(crate) fn names_crate(line: &str, name: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(name).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + name.len()..]);
        // A path that begins with `::` begins with a crate; any other path in front makes it a module.
        let (before, absolute) = before
            .strip_suffix("::")
            .map_or((before, false), |outer| (outer, true));
        let begins = !before.ends_with(part_of_name) && !before.ends_with(['.', ':', '>']);
        let imported = ["use", "extern crate"]
            .iter()
            .any(|word| before.trim_end().ends_with(word));
        begins
            && !after.starts_with(part_of_name)
            && (absolute || imported || after.starts_with("::"))
    })
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        if text.as_bytes()[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if text.as_bytes()[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The length of `r"…"`, `r#"…"#`, `br#"…"#` and their kin that begins here.
fn raw_string(source: &str, at: usize) -> Option<usize> {
    let rest = &source[at..];
    if source[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let letters = ["br", "cr", "r"]
        .into_iter()
        .find(|letters| rest.starts_with(letters))?;
    let hashes = rest[letters.len()..]
        .bytes()
        .take_while(|byte| *byte == b'#')
        .count();
    let open = letters.len() + hashes;
    if !rest[open..].starts_with('"') {
        return None;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let body = &rest[open + 1..];
    Some(
        open + 1
            + body
                .find(&close)
                .map_or(body.len(), |end| end + close.len()),
    )
}

fn quoted(text: &str, quote: u8) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// An apostrophe opens a character, not a lifetime, when one (escaped) character later another closes it.
fn is_character(text: &str) -> bool {
    let mut characters = text.chars().skip(1);
    match characters.next() {
        Some('\\') => true,
        Some(_) => characters.next() == Some('\''),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_blank_and_lines_stay() {
        let source = "a // b\n/* c /* d\n */ e */ f \"g \\\" h\" r#\"i \" j\"# k";
        let code = code_of(source);
        assert_eq!(code.lines().count(), source.lines().count());
        assert_eq!(code.split_whitespace().collect::<Vec<_>>(), ["a", "f", "k"]);
    }

    #[test]
    fn lifetimes_are_not_characters() {
        assert_eq!(
            code_of("fn f<'a>(x: &'a str) -> char { '\"' }")
                .matches('"')
                .count(),
            0
        );
        assert!(code_of("fn f<'a>(x: &'a str)").contains("'a str"));
        assert!(code_of("let c = '\\''; let d = 1;").contains("let d = 1;"));
    }

    #[test]
    fn text_beyond_ascii_keeps_its_lines() {
        assert!(
            code_of("let s = \"… ü\"; // é\nlet t = 'é';\nlet u;")
                .lines()
                .nth(2)
                .is_some_and(|line| line == "let u;")
        );
    }

    #[test]
    fn a_crate_is_named_by_paths_and_imports_only() {
        for named in [
            "use aya::Bpf;",
            "let x = aya::maps::Map;",
            "use aya;",
            "extern crate aya;",
            "use ::aya::Bpf;",
            "use {aya::Bpf, std::fs};",
        ] {
            assert!(names_crate(named, "aya"), "{named}");
        }
        for other in [
            "let aya = 1;",
            "use himalaya::X;",
            "use aya_log::Y;",
            "crate::aya::Z",
            "self.aya()",
        ] {
            assert!(!names_crate(other, "aya"), "{other}");
        }
    }
}
