//! Places for processes and epochs, in the order in which they are first met.

use std::collections::hash_map::Entry::{Occupied, Vacant};

use rustc_hash::FxHashMap;

use super::series::Account;

/// Who has a place, and where.
#[derive(Default)]
pub(super) struct Places {
    places: FxHashMap<Account, usize>,
    accounts: Vec<Account>,
}

impl Places {
    /// The place of an account, and whether it is a new one: then it is the last.
    #[inline]
    pub(super) fn of(&mut self, account: Account) -> (usize, bool) {
        match self.places.entry(account) {
            Occupied(known) => (*known.get(), false),
            Vacant(new) => {
                self.accounts.push(account);
                (*new.insert(self.accounts.len() - 1), true)
            }
        }
    }

    /// The place of an account that has one.
    pub(super) fn get(&self, account: Account) -> Option<usize> {
        self.places.get(&account).copied()
    }

    /// Who has a place, in the order of these.
    pub(super) fn accounts(&self) -> &[Account] {
        &self.accounts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_keeps_its_place_whoever_comes_next() {
        let mut places = Places::default();
        let rounds = [&[5, 3, 9][..], &[5, 3, 9], &[3, 9, 5], &[9, 7, 5, 5], &[7]];
        let mut met: Vec<u64> = Vec::new();
        for process in rounds.concat() {
            let (place, is_new) = places.of((process, 1));
            let expected = met.iter().position(|&known| known == process);
            assert_eq!(
                (place, is_new),
                (expected.unwrap_or(met.len()), expected.is_none())
            );
            if is_new {
                met.push(process);
            }
            assert_eq!(places.get((process, 1)), Some(place));
        }
        assert_eq!(places.get((5, 2)), None);
        let accounts: Vec<u64> = places.accounts().iter().map(|account| account.0).collect();
        assert_eq!((accounts, places.of((5, 2))), (met, (4, true)));
    }
}
