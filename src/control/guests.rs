//! How many may be at the counter at once: a user who comes a thousand times stands in nobody's way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Connections of one user at once.
const EACH: usize = 32;

/// Connections of all users at once; a process has about a thousand descriptors, and each takes two.
const ALL: usize = 192;

/// Who is here. Root is always let in.
#[derive(Debug, Default)]
pub(crate) struct Guests(Mutex<HashMap<u32, usize>>);

/// A place, until this is dropped.
#[derive(Debug)]
pub(crate) struct Place(Option<(Arc<Guests>, u32)>);

impl Guests {
    /// A place for a user, if there is one.
    pub(crate) fn admit(self: &Arc<Self>, uid: u32) -> Option<Place> {
        if uid == 0 {
            return Some(Place(None));
        }
        let mut here = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if here.values().sum::<usize>() >= ALL || here.get(&uid).is_some_and(|own| *own >= EACH) {
            return None;
        }
        *here.entry(uid).or_default() += 1;
        Some(Place(Some((self.clone(), uid))))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((guests, uid)) = &self.0 else { return };
        let mut here = guests.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = here.get_mut(uid) {
            *own -= 1;
            if *own == 0 {
                here.remove(uid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_does_not_take_every_place() {
        let guests = Arc::new(Guests::default());
        let mut one: Vec<_> = (0..EACH).map(|_| guests.admit(1000).unwrap()).collect();
        assert!(guests.admit(1000).is_none());
        assert!(guests.admit(1001).is_some() && guests.admit(0).is_some());
        one.pop();
        assert!(guests.admit(1000).is_some());
        drop(one);
        assert!(guests.0.lock().unwrap().is_empty());
        let all: Vec<_> = (0..ALL as u32).map(|uid| guests.admit(uid + 1)).collect();
        assert!(all.iter().all(Option::is_some) && guests.admit(5000).is_none());
        assert!(guests.admit(0).is_some());
    }
}
