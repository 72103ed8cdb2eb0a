//! The command line as it is shown as a fact of the run. What its processes really got is recorded by the kernel programs.

use std::ffi::OsStr;

/// Longest command line that is kept as a fact of a run, in bytes.
const LONGEST: usize = 4096;

/// The words as text, cut where they are many: a glob may have made a megabyte of them.
pub(crate) fn shown<W: AsRef<OsStr>>(command: &[W]) -> Vec<String> {
    let mut left = LONGEST;
    let mut words = Vec::new();
    for word in command {
        let word = word.as_ref().to_string_lossy();
        if word.len() > left {
            words.push(word[..word.floor_char_boundary(left)].to_owned() + "…");
            break;
        }
        left -= word.len();
        words.push(word.into_owned());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_one_is_cut_and_says_so() {
        let words = |words: &[&str]| shown(words);
        assert_eq!(words(&["make", "-j8", ""]), ["make", "-j8", ""]);
        let many = words(&["ls", &"é".repeat(4000), "rest"]);
        assert_eq!(many.len(), 2);
        assert_eq!(many[1], "é".repeat(2047) + "…");
    }
}
