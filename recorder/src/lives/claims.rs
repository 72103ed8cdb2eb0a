//! Whose cgroups share a slot of the sums that stand in for full accounts.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::{Lives, Owner};

/// Who may have been charged in a slot.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    lives: BTreeSet<u64>,
    unnamed: bool,
    nobody: bool,
}

/// Who was.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Claim<'claims> {
    /// A life: nobody else has a cgroup with this slot.
    Life(u64),
    /// One of these lives, or of cgroups without a name.
    Several(&'claims BTreeSet<u64>),
    /// Somebody whose cgroup has no name.
    Unnamed,
    /// Nobody that is recorded.
    Nobody,
    /// Nothing is known of any cgroup with this slot.
    Unknown,
}

impl Claims {
    fn add(&mut self, owner: Owner) {
        match owner {
            Owner::Life(life) => {
                self.lives.insert(life);
            }
            Owner::Unnamed => self.unnamed = true,
            Owner::Nobody => self.nobody = true,
        }
    }

    /// The claim that holds. What is nobody's is charged only until that is decided, so anybody else's claim is better.
    pub(crate) fn settle(&self) -> Claim<'_> {
        match (self.lives.first(), self.unnamed) {
            (Some(life), false) if self.lives.len() == 1 => Claim::Life(*life),
            (Some(_), _) => Claim::Several(&self.lives),
            (None, true) => Claim::Unnamed,
            (None, false) if self.nobody => Claim::Nobody,
            (None, false) => Claim::Unknown,
        }
    }
}

impl Lives {
    /// Who may have been charged in each of these slots.
    pub(crate) fn claims(&self, slots: impl Iterator<Item = u32>) -> FxHashMap<u32, Claims> {
        let mut claims: FxHashMap<u32, Claims> =
            slots.map(|slot| (slot, Claims::default())).collect();
        for (key, owner) in &self.owners {
            if let Some(claims) = claims.get_mut(&key.spill_slot()) {
                claims.add(*owner);
            }
        }
        claims
    }

    /// Something of a life was lost, or may have been: however little else is known of it, it is told of.
    pub(crate) fn touch(&mut self, life: u64) {
        if let Some(life) = self.lives.get_mut(&life) {
            life.lost = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use bc_abi::CgroupKey;
    use bc_schema::{ContainerId, ContainerKind};

    use super::super::Recognised;
    use super::*;

    /// Cgroups of version 2 with the same slot as the first.
    fn neighbours() -> impl Iterator<Item = CgroupKey> {
        let slot = CgroupKey::new(0, 2).spill_slot();
        let all = (2..).map(|id| CgroupKey::new(0, id));
        all.filter(move |key| key.spill_slot() == slot)
    }

    fn own(lives: &mut Lives, key: CgroupKey, id: &str) -> u64 {
        let what = Recognised {
            id: ContainerId::new(id).unwrap(),
            kind: ContainerKind::Docker,
            cgroup: format!("/{id}"),
            uid: None,
        };
        lives.own(key, &what, 1)
    }

    #[test]
    fn a_slot_is_the_only_lifes_that_has_it_and_touches_all_that_share_it() {
        let mut lives = Lives::new("h".into());
        let mut keys = neighbours();
        let mut next = || keys.next().unwrap();
        let slot = CgroupKey::new(0, 2).spill_slot();
        let settled = |lives: &Lives, expected: Claim<'_>| {
            let claims = lives.claims([slot].into_iter());
            assert_eq!(claims[&slot].settle(), expected);
        };
        settled(&lives, Claim::Unknown);
        lives.disown(next());
        settled(&lives, Claim::Nobody);
        let unnamed = next();
        lives.leave_unnamed(unnamed);
        settled(&lives, Claim::Unnamed);
        lives.disown(unnamed);
        let first_key = next();
        let first = own(&mut lives, first_key, "first");
        settled(&lives, Claim::Life(first));
        assert!(!lives.get(first).unwrap().is_worth_telling());
        lives.gone(first_key, 2, 2);
        settled(&lives, Claim::Life(first));
        let second = own(&mut lives, next(), "second");
        settled(&lives, Claim::Several(&BTreeSet::from([first, second])));
        lives.touch(first);
        assert!(lives.get(first).unwrap().is_worth_telling(), "though over");
        assert!(!lives.get(second).unwrap().is_worth_telling());
        lives.remove(first);
        settled(&lives, Claim::Life(second));
    }
}
