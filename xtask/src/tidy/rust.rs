//! Rules for Rust files. Pure; what clippy watches over is left to clippy.

use super::{Breach, source};

/// What is wrong with a Rust file.
pub(super) fn breaches(path: &str, text: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let opening = text
        .lines()
        .find(|line| !(line.trim().is_empty() || line.starts_with("#!")));
    if !opening.is_some_and(|line| line.starts_with("//!")) {
        breaches.push(Breach::new(
            "opening",
            1,
            "opens with `//!`: what the file is, and what it leaves to others",
        ));
    }
    let code = source::code_of(text);
    let said: Vec<&str> = text.lines().collect();
    let code: Vec<&str> = code.lines().collect();
    for (number, line) in code.iter().enumerate() {
        if ["todo!", "unimplemented!", "#[ignore"]
            .iter()
            .any(|stub| line.contains(stub))
        {
            breaches.push(Breach::new(
                "stub",
                number + 1,
                "no stubs and no tests that do not run",
            ));
        }
        let declares =
            line.contains("unsafe impl") || line.match_indices("unsafe fn ").next().is_some();
        // Clippy watches over blocks in the workspace; the kernel programs are built outside of it.
        let opens = path.starts_with("recorder-ebpf/") && line.contains("unsafe {");
        if (declares && !says_safety(&said, number))
            || (opens && !statement_says_safety(&said, &code, number))
        {
            breaches.push(Breach::new(
                "safety",
                number + 1,
                "`unsafe` without a line that says why it is safe",
            ));
        }
    }
    breaches
}

/// The comments and attributes right above a declaration speak of safety.
fn says_safety(said: &[&str], number: usize) -> bool {
    let above = said[..number].iter().rev().take_while(|line| {
        line.trim_start().starts_with("//") || line.trim_start().starts_with('#')
    });
    above
        .into_iter()
        .any(|line| line.contains("SAFETY:") || line.contains("# Safety"))
}

/// The statement that holds this line, or the comment right above it, says why it is safe.
fn statement_says_safety(said: &[&str], code: &[&str], number: usize) -> bool {
    for at in (0..=number).rev() {
        if said[at].contains("SAFETY:") {
            return true;
        }
        if at < number && code[at].trim_end().ends_with([';', '{', '}']) {
            return false;
        }
    }
    false
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
        assert_eq!(rules_broken("a.rs", "use std::fs;\n"), ["opening"]);
        assert!(rules_broken("a.rs", "#![allow(x)]\n\n//! Tests.\n").is_empty());
    }

    #[test]
    fn stubs_are_refused_but_may_be_spoken_of() {
        assert_eq!(
            rules_broken("a.rs", "//! A.\nfn f() { todo!() }\n"),
            ["stub"]
        );
        assert_eq!(
            rules_broken("a.rs", "//! A.\n#[ignore = \"slow\"]\nfn f() {}\n"),
            ["stub"]
        );
        assert!(
            rules_broken(
                "a.rs",
                "//! No `todo!` here.\nconst A: &str = \"#[ignore]\";\n"
            )
            .is_empty()
        );
    }

    #[test]
    fn unsafe_declarations_say_why() {
        assert_eq!(
            rules_broken("a.rs", "//! A.\nunsafe impl Send for A {}\n"),
            ["safety"]
        );
        assert!(
            rules_broken(
                "a.rs",
                "//! A.\n// SAFETY: plain data.\nunsafe impl Send for A {}\n"
            )
            .is_empty()
        );
        assert!(
            rules_broken(
                "a.rs",
                "//! A.\n/// # Safety\n/// The caller knows.\n#[inline]\nunsafe fn f() {}\n"
            )
            .is_empty()
        );
        assert!(rules_broken("a.rs", "//! A.\ntype F = unsafe fn(u8);\n").is_empty());
    }

    #[test]
    fn unsafe_blocks_of_kernel_programs_say_why() {
        let bare = "//! A.\nfn f() {\n    let a = 1;\n    let b = unsafe { g() };\n}\n";
        assert_eq!(rules_broken("recorder-ebpf/src/a.rs", bare), ["safety"]);
        let said = bare.replace("    let b", "    // SAFETY: g is pure.\n    let b");
        assert!(rules_broken("recorder-ebpf/src/a.rs", &said).is_empty());
        assert!(rules_broken("recorder/src/a.rs", bare).is_empty());
    }
}
