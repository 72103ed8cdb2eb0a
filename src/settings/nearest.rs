//! Which name was meant by one that is not known.

/// How alike two names must be for one to be meant by the other, from 0 to 1: as clap has it for options.
const ALIKE: f64 = 0.7;

/// The known name that is most like this one; `None` where none is like it.
pub(super) fn nearest<'known>(name: &str, known: &[&'known str]) -> Option<&'known str> {
    known
        .iter()
        .map(|known| (strsim::jaro(name, known), *known))
        .filter(|(alike, _)| *alike > ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood_and_a_strange_word_is_not() {
        let known = ["host", "cgroups", "units", "exclude"];
        for (name, meant) in [
            ("exlude", "exclude"),
            ("excludes", "exclude"),
            ("cgroup", "cgroups"),
            ("Host", "host"),
        ] {
            assert_eq!(nearest(name, &known), Some(meant));
        }
        assert_eq!(nearest("colour", &known), None);
    }
}
