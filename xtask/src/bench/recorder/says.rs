//! What a recorder says of itself, on its `/metrics`. Pure.

use std::collections::BTreeMap;

use super::field;

/// What a recorder says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::bench) struct Says {
    /// Samples taken so far.
    pub(in crate::bench) samples: u64,
    /// Processes known and alive.
    pub(in crate::bench) processes: u64,
    /// What could not be recorded so far, by reason.
    pub(in crate::bench) losses: Losses,
}

/// Losses by reason.
pub(in crate::bench) type Losses = BTreeMap<String, u64>;

/// Adds losses to others.
pub(in crate::bench) fn add_losses(to: &mut Losses, losses: &Losses) {
    for (reason, count) in losses {
        *to.entry(reason.clone()).or_default() += count;
    }
}

/// A sentence about losses, where there are any: figures of a recorder that loses something are not those of one that does its work.
pub(in crate::bench) fn losses_in_words(losses: &Losses) -> String {
    let each: Vec<String> = losses
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(reason, count)| format!("{count} of `{reason}`"))
        .collect();
    if each.is_empty() {
        return String::new();
    }
    format!(
        "\n**Losses were declared while this was measured:** {}.\n",
        each.join(", ")
    )
}

impl Says {
    /// What was lost since another time that it was asked.
    pub(in crate::bench) fn losses_since(&self, before: &Says) -> Losses {
        let since = |(reason, count): (&String, &u64)| {
            let was = before.losses.get(reason).copied().unwrap_or(0);
            (*count > was).then(|| (reason.clone(), count - was))
        };
        self.losses.iter().filter_map(since).collect()
    }

    pub(super) fn read(metrics: &str) -> Option<Self> {
        let losses = metrics
            .lines()
            .filter_map(|line| line.strip_prefix("bubble_chamber_losses_total{reason=\""))
            .filter_map(|rest| {
                let (reason, count) = rest.split_once("\"} ")?;
                Some((reason.to_owned(), count.parse().ok()?))
            })
            .collect();
        Some(Self {
            samples: field(metrics, "bubble_chamber_samples_total ")?,
            processes: field(metrics, "bubble_chamber_processes ")?,
            losses,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_read() {
        let text = "# TYPE bubble_chamber_samples counter\nbubble_chamber_samples_total 4\nbubble_chamber_processes 1001\n\
                    bubble_chamber_losses_total{reason=\"a\"} 2\nbubble_chamber_losses_total{reason=\"b\"} 3\n";
        let says = Says {
            samples: 4,
            processes: 1_001,
            losses: Losses::from([("a".into(), 2), ("b".into(), 3)]),
        };
        assert_eq!(Says::read(text).as_ref(), Some(&says));
        let before = Says {
            losses: Losses::from([("b".into(), 2)]),
            ..says.clone()
        };
        let since = Losses::from([("a".into(), 2), ("b".into(), 1)]);
        assert_eq!(says.losses_since(&before), since);
        assert!(losses_in_words(&since).contains("2 of `a`, 1 of `b`"));
        assert_eq!(losses_in_words(&says.losses_since(&says)), "");
        assert_eq!(
            Says::read("bubble_chamber_processes 3\n"),
            None,
            "unknown is not zero"
        );
    }
}
