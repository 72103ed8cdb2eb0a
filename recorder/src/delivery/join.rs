//! Two batches in line become one, so that a line of seconds does not grow for as long as the sink takes nothing. What is said of a moment
//! stays; what is said again and again, of lives, CPUs and losses, is said once.

use std::collections::{BTreeMap, HashMap};

use bc_schema::{Batch, Loss};

/// Joins two batches, `later` behind `earlier`.
pub(super) fn join(mut earlier: Batch, later: Batch) -> Batch {
    earlier.until_ns = later.until_ns;
    earlier.containers.extend(later.containers);
    // The latest facts of a life hold; they come last.
    earlier.containers.reverse();
    let mut told = HashMap::new();
    earlier
        .containers
        .retain(|facts| told.insert(facts.life.clone(), ()).is_none());
    earlier.containers.reverse();
    earlier.starts.extend(later.starts);
    earlier.execs.extend(later.execs);
    earlier.samples.extend(later.samples);
    earlier.ends.extend(later.ends);
    let seen: BTreeMap<_, _> = earlier.seen.into_iter().chain(later.seen).collect();
    earlier.seen = seen.into_iter().collect();
    let mut cpus = HashMap::new();
    for total in earlier.cpus.into_iter().chain(later.cpus) {
        cpus.insert((total.process, total.cpu, total.epoch_ns), total);
    }
    earlier.cpus = cpus.into_values().collect();
    earlier.losses = losses(earlier.losses, later.losses);
    earlier
}

/// Losses of one reason and container become one, in the first second of them: that one will not be stated again.
fn losses(earlier: Vec<Loss>, later: Vec<Loss>) -> Vec<Loss> {
    let key = |loss: &Loss| (loss.container.clone(), loss.reason);
    let mut seconds = BTreeMap::new();
    for loss in earlier.into_iter().chain(later) {
        // A second that got more was stated again, whole.
        seconds.insert((key(&loss), loss.second_ns), loss);
    }
    let mut sums: BTreeMap<_, Loss> = BTreeMap::new();
    for loss in seconds.into_values() {
        match sums.get_mut(&key(&loss)) {
            Some(sum) => {
                sum.count += loss.count;
                sum.cpu_ns += loss.cpu_ns;
            }
            None => {
                sums.insert(key(&loss), loss);
            }
        }
    }
    sums.into_values().collect()
}

#[cfg(test)]
mod tests {
    use bc_schema::{ContainerId, LifeKey, LossReason};

    use super::*;

    fn loss(container: Option<&str>, second_ns: u64, count: u64) -> Loss {
        Loss {
            host: "h".into(),
            recorder_ns: 1,
            container: container.and_then(ContainerId::new),
            second_ns,
            reason: LossReason::ProcessTableFull,
            count,
            cpu_ns: count * 10,
        }
    }

    #[test]
    fn losses_add_up_and_a_second_stated_again_counts_once() {
        let earlier = vec![loss(Some("a"), 1, 2), loss(None, 1, 1)];
        let later = vec![loss(Some("a"), 1, 3), loss(Some("a"), 2, 4)];
        assert_eq!(
            losses(earlier, later),
            [loss(None, 1, 1), loss(Some("a"), 1, 7)]
        );
    }

    #[test]
    fn lives_that_were_looked_at_twice_are_told_of_once() {
        let life = LifeKey {
            container: ContainerId::new("a").unwrap(),
            host: "h".into(),
            began_ns: 1,
        };
        let batch = |at_ns| Batch {
            until_ns: at_ns,
            seen: vec![(life.clone(), at_ns)],
            ..Batch::default()
        };
        let joined = join(batch(5), batch(6));
        assert_eq!((joined.until_ns, joined.seen), (6, vec![(life.clone(), 6)]));
    }
}
