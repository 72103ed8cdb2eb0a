//! Facts that may be stated more than once, and differently: which statement counts. And which of a process's accounts a record is of.
//!
//! Every choice is the largest by an order that the facts themselves decide, never their arrival, so every delivery ends alike.

use std::cmp::{Ordering, Reverse};

use bc_schema::store::{PruneOrder, StoreError};
use bc_schema::usage::Base;
use bc_schema::{Container, LifeKey, Loss, ProcessEnd, ProcessExec, ProcessStart, Resolution};

/// Of two statements about one life: the later; at one time, the one that says more.
pub(crate) fn container_order(a: &Container, b: &Container) -> Ordering {
    let key = |c: &Container| {
        (
            c.stated_ns,
            c.ended_ns,
            c.kind,
            c.limits.memory_bytes,
            c.limits.cpu_milli,
            c.limits.pids,
            c.uid,
        )
    };
    let text = (&a.image, &a.command, &a.labels, &a.name, &a.cgroup);
    key(a)
        .cmp(&key(b))
        .then_with(|| text.cmp(&(&b.image, &b.command, &b.labels, &b.name, &b.cgroup)))
}

/// Of two statements of how a process came into a container: the earlier entry (a recorder that started later only found the process, and
/// would let its account begin anew), then the one that knows more.
pub(crate) fn start_order(a: &ProcessStart, b: &ProcessStart) -> Ordering {
    let known = |s: &ProcessStart| {
        let facts = [
            s.parent.is_some(),
            s.parent_pid.is_some(),
            s.container_pid.is_some(),
            s.uid.is_some(),
            s.is_root,
        ];
        (
            Reverse(s.entered_ns),
            facts.into_iter().filter(|&known| known).count(),
            s.baseline.is_some(),
            s.start_ns,
        )
    };
    let rest = |s: &ProcessStart| {
        (
            s.pid,
            s.container_pid,
            s.parent,
            s.parent_pid,
            s.uid,
            s.is_root,
        )
    };
    let baseline = |s: &ProcessStart| s.baseline.map(|metrics| metrics.iter().collect::<Vec<_>>());
    known(a)
        .cmp(&known(b))
        .then_with(|| (&a.life, &a.name).cmp(&(&b.life, &b.name)))
        .then_with(|| (rest(a), baseline(a)).cmp(&(rest(b), baseline(b))))
}

/// Of two statements of what a process executed at one instant: the one that knows more.
pub(crate) fn exec_order(a: &ProcessExec, b: &ProcessExec) -> Ordering {
    let key = |e: &ProcessExec| (e.args.is_some(), e.exe.is_some(), !e.inherited, !e.args_cut);
    key(a)
        .cmp(&key(b))
        .then_with(|| (&a.args, &a.exe, &a.name).cmp(&(&b.args, &b.exe, &b.name)))
}

/// Of two statements of how a process ended: one that was seen, then the later.
fn end_order(a: &ProcessEnd, b: &ProcessEnd) -> Ordering {
    let key = |e: &ProcessEnd| {
        (
            !e.unseen,
            e.at_ns,
            e.signal,
            e.exit_code,
            e.oom_killed,
            e.core_dumped,
        )
    };
    key(a).cmp(&key(b))
}

/// Of all statements of how a process ended, the one that counts for an account.
pub(crate) fn end_within(ends: &[ProcessEnd], window: Window) -> Option<&ProcessEnd> {
    ends.iter()
        .filter(|end| window.contains(end.at_ns))
        .max_by(|a, b| end_order(a, b))
}

/// What an account's usage counts from before its first sample of this epoch: only totals that count from the process's beginning can hold
/// what it had used before it came in.
pub(crate) fn baseline(start: &ProcessStart, epoch_ns: u64) -> Option<Base> {
    let metrics = start.baseline.filter(|_| epoch_ns == 0)?;
    Some(Base {
        epoch_ns,
        at_ns: start.entered_ns,
        metrics,
    })
}

/// Since when an account without a baseline counts.
pub(crate) fn account_began_ns(start: &ProcessStart) -> u64 {
    if start.baseline.is_some() {
        start.entered_ns
    } else {
        start.start_ns
    }
}

/// Whether any of these texts contains what is searched for, letter case aside.
pub(crate) fn search(wanted: &str, texts: &[Option<&str>]) -> bool {
    let wanted = wanted.to_lowercase();
    texts
        .iter()
        .flatten()
        .any(|text| text.to_lowercase().contains(&wanted))
}

/// Whether a loss of a whole host fell into this life.
pub(crate) fn touches(loss: &Loss, life: &LifeKey, ended_ns: Option<u64>) -> bool {
    let second_end_ns = loss.second_ns.saturating_add(Resolution::Second.ns());
    loss.host == life.host
        && life.began_ns < second_end_ns
        && ended_ns.is_none_or(|ended_ns| loss.second_ns <= ended_ns)
}

/// Refuses an order that no retention rule gives: whole-life totals are made of the days.
pub(crate) fn check_order(order: &PruneOrder) -> Result<(), StoreError> {
    if order.resolution == Resolution::Day {
        return Err(StoreError::Refused(format!(
            "days of {} are kept for ever: its totals are made of them",
            order.life.container
        )));
    }
    Ok(())
}

/// When records of a process belong to one of its accounts. A process has one account per container that it was in; a record is of the
/// account that was entered last before it. What happens at the very instant of entry (the leaving of the container before) is of the
/// earlier account, and what is from before every entry is of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// Records after this instant; `None`: from the beginning.
    pub(crate) after_ns: Option<u64>,
    /// Records up to and at this instant.
    pub(crate) until_ns: u64,
}

impl Window {
    /// A process's only account has all its records.
    pub(crate) const WHOLE: Window = Window {
        after_ns: None,
        until_ns: u64::MAX,
    };

    /// Whether a record of this time belongs to the account.
    pub(crate) fn contains(&self, at_ns: u64) -> bool {
        self.after_ns.is_none_or(|after| at_ns > after) && at_ns <= self.until_ns
    }

    /// Whether all records of another window belong to this one too.
    pub(crate) fn covers(&self, other: &Window) -> bool {
        self.after_ns <= other.after_ns && self.until_ns >= other.until_ns
    }

    /// The windows of accounts whose entries are given in order.
    pub(crate) fn of_entries(entered_ns: &[u64]) -> Vec<Window> {
        let after = |index: usize| (index > 0).then(|| entered_ns[index]);
        let until = |index: usize| entered_ns.get(index + 1).copied().unwrap_or(u64::MAX);
        (0..entered_ns.len())
            .map(|index| Window {
                after_ns: after(index),
                until_ns: until(index),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instant_belongs_to_exactly_one_account() {
        let windows = Window::of_entries(&[10, 20, 20, 30]);
        for (at_ns, owner) in [
            (0, 0),
            (10, 0),
            (11, 0),
            (20, 0),
            (21, 2),
            (30, 2),
            (31, 3),
            (u64::MAX, 3),
        ] {
            let owners: Vec<_> = (0..4)
                .filter(|&index| windows[index].contains(at_ns))
                .collect();
            assert_eq!(owners, [owner], "{at_ns}");
        }
        assert_eq!(Window::of_entries(&[5]), [Window::WHOLE]);
    }
}
