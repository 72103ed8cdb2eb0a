//! Goals, and whether they are met.

use serde::Serialize;

/// One of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Goal {
    what: String,
    measured: String,
    /// `None`: it was not measured.
    met: Option<bool>,
}

impl Goal {
    /// A figure that is to be at most, or at least, something, as `holds` says; `None` where it was not measured.
    pub(super) fn new(
        what: impl Into<String>,
        figure: Option<f64>,
        written: impl Fn(f64) -> String,
        holds: impl Fn(f64) -> bool,
    ) -> Self {
        Self {
            what: what.into(),
            measured: figure.map_or("not measured".to_owned(), written),
            met: figure.map(holds),
        }
    }
}

/// As a table.
pub(super) fn table(goals: &[Goal]) -> String {
    let mut text = "| goal | measured | |\n| --- | --- | --- |\n".to_owned();
    for Goal {
        what,
        measured,
        met,
    } in goals
    {
        let verdict = match met {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "",
        };
        text += &format!("| {what} | {measured} | {verdict} |\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_goal_is_told_as_plainly_as_a_met_one() {
        let goal = |figure| Goal::new("at most 3", figure, |f| format!("{f}"), |f| f <= 3.0);
        let text = table(&[goal(Some(3.0)), goal(Some(3.5)), goal(None)]);
        assert_eq!(
            text.lines().skip(2).collect::<Vec<_>>(),
            [
                "| at most 3 | 3 | met |",
                "| at most 3 | 3.5 | **missed** |",
                "| at most 3 | not measured |  |"
            ]
        );
    }
}
