//! Secrets in command lines, labels and URLs, replaced by `***` before anything leaves the node (law 9).
//!
//! Every rule names what to hide as spans of the text as it came; only then are they replaced. So everything else stays byte for byte,
//! and no rule sees another's stars. When in doubt, more is hidden: a star too many costs a reader a glance, one too few a password.
//!
//! What is hidden and what is not stands in `mask/cases.rs`, case by case. Not known: secrets that look like nothing
//! (`htpasswd -b FILE USER PASSWORD`); for those there are patterns of one's own. The time taken grows with the length of the text and
//! no faster, whatever it holds.

mod assignments;
#[cfg(test)]
mod cases;
mod code;
mod names;
mod own;
mod programs;
mod shapes;
mod spans;
mod urls;
mod words;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

pub use own::BadPattern;

use own::Own;
use spans::Spans;

/// What stands where a secret stood.
const STARS: &str = "***";

/// Whatever any rule begins with, so that a text with none of it costs one look. A rule that looks for something else must add it.
static SUSPICIOUS: LazyLock<Regex> = LazyLock::new(|| {
    let names = "pass|pwd|secret|token|key|auth|bearer|credential|cookie";
    let shapes = shapes::KNOWN_BY;
    let programs = programs::NAMED_BY;
    #[allow(clippy::expect_used, reason = "the tests compile it")]
    Regex::new(&format!("(?i-u){names}|{shapes}|{programs}")).expect("a pattern of ours")
});

/// Hides secrets. Made once; used for every exec.
#[derive(Debug, Clone, Default)]
pub struct Mask {
    own: Own,
}

impl Mask {
    /// With further patterns of one's own: regular expressions, of which the first group, or all of the match, is hidden. They see a
    /// command line as one text, its arguments parted by single spaces.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Result<Self, BadPattern> {
        Ok(Self {
            own: Own::new(patterns)?,
        })
    }

    /// A command line, the zeroth argument included. Call it before the arguments are joined: only apart are they unambiguous.
    pub fn args(&self, args: Vec<String>) -> Vec<String> {
        let suspicious: Vec<_> = args.iter().map(|arg| SUSPICIOUS.is_match(arg)).collect();
        let any_suspicious = suspicious.contains(&true);
        if !any_suspicious && self.own.is_empty() {
            return args;
        }
        let mut hidden = vec![Spans::default(); args.len()];
        if any_suspicious {
            let words: Vec<&str> = args.iter().map(String::as_str).collect();
            programs::hide(&words, |word, span| hidden[word].add(span));
            let (mut interpreted, mut is_code) = (false, false);
            for ((arg, hidden), suspicious) in args.iter().zip(&mut hidden).zip(suspicious) {
                if suspicious {
                    hide_in(arg, !is_code, hidden);
                }
                is_code = interpreted && code::announces(arg);
                interpreted |= code::is_interpreter(arg);
            }
        }
        self.own.hide_in_args(&args, &mut hidden);
        args.into_iter()
            .zip(hidden)
            .map(|(arg, hidden)| hidden.replaced(arg))
            .collect()
    }

    /// Any other text: a URL, a line of a script, a label's value.
    pub fn text(&self, text: &str) -> String {
        let mut hidden = Spans::default();
        if SUSPICIOUS.is_match(text) {
            hide_in(text, false, &mut hidden);
        }
        self.own.hide_in(text, &mut hidden);
        hidden.replaced(text.to_owned())
    }

    /// Labels: by their keys, and by what their values hold.
    pub fn labels(&self, labels: BTreeMap<String, String>) -> BTreeMap<String, String> {
        let masked = |(key, value): (String, String)| {
            let value = match names::is_secret(&key) && names::can_be_secret(&value) {
                true => STARS.to_owned(),
                false => self.text(&value),
            };
            (key, value)
        };
        labels.into_iter().map(masked).collect()
    }
}

/// All rules that need no neighbours. `is_argument`: the text is one argument to a program, so that what it assigns reaches to its end.
fn hide_in(text: &str, is_argument: bool, hidden: &mut Spans) {
    assignments::hide(text, is_argument, |span| hidden.add(span));
    urls::hide(text, |span| hidden.add(span));
    shapes::hide(text, |span| hidden.add(span));
    code::hide(text, |span| hidden.add(span));
}
