//! A column of values of which some may be unknown. Mostly all are known, and then they are plain numbers side by side.

/// Values, each known or absent.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Column {
    /// Zero where it is absent.
    values: Vec<u64>,
    /// Whether each is known; empty while all are.
    known: Vec<bool>,
}

/// Some neighbours of a [`Column`].
#[derive(Debug, Default, Clone, Copy)]
pub struct Values<'a> {
    values: &'a [u64],
    known: &'a [bool],
}

impl Column {
    /// Without values.
    pub const fn new() -> Self {
        Self {
            values: Vec::new(),
            known: Vec::new(),
        }
    }

    /// How many there are, known or not.
    #[inline]
    pub fn len(&self) -> usize {
        self.all().len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.all().is_empty()
    }

    /// Lets go of all values.
    pub fn clear(&mut self) {
        self.values.clear();
        self.known.clear();
    }

    /// All of them.
    #[inline]
    pub fn all(&self) -> Values<'_> {
        Values {
            values: &self.values,
            known: &self.known,
        }
    }

    /// Those from a place on; none where there are not so many.
    #[inline]
    pub fn from(&self, first: usize) -> Values<'_> {
        Values {
            values: self.values.get(first..).unwrap_or_default(),
            known: self.known.get(first..).unwrap_or_default(),
        }
    }

    /// Puts a value at the end.
    #[inline]
    pub fn push(&mut self, value: Option<u64>) {
        self.tell(1, value.is_some());
        self.values.push(value.unwrap_or(0));
    }

    /// Puts values at the end that are all known.
    #[inline]
    pub fn extend_known(&mut self, values: impl Iterator<Item = u64>) {
        self.values.extend(values);
        if !self.known.is_empty() {
            self.know();
        }
    }

    /// Puts values at the end, as they are.
    pub fn extend(&mut self, values: Values<'_>) {
        if values.known.is_empty() {
            return self.extend_known(values.values.iter().copied());
        }
        self.know();
        self.known.extend_from_slice(values.known);
        self.values.extend_from_slice(values.values);
    }

    /// Puts the same value at the end, as often as `times`.
    pub fn fill(&mut self, value: Option<u64>, times: usize) {
        self.tell(times, value.is_some());
        self.values
            .resize(self.values.len() + times, value.unwrap_or(0));
    }

    /// Sets a value that is there.
    pub fn set(&mut self, place: usize, value: Option<u64>) {
        if value.is_none() {
            self.know();
        }
        if let Some(known) = self.known.get_mut(place) {
            *known = value.is_some();
        }
        self.values[place] = value.unwrap_or(0);
    }

    /// Lets go of all but these.
    pub fn keep(&mut self, places: std::ops::Range<usize>) {
        fn keep<T>(all: &mut Vec<T>, places: &std::ops::Range<usize>) {
            all.truncate(places.end);
            all.drain(..places.start.min(all.len()));
        }
        keep(&mut self.values, &places);
        keep(&mut self.known, &places);
    }

    /// Says whether the next ones are known.
    #[inline]
    fn tell(&mut self, times: usize, is_known: bool) {
        if !is_known {
            self.know();
        }
        if !is_known || !self.known.is_empty() {
            self.known.resize(self.known.len() + times, is_known);
        }
    }

    /// From now on each one is told whether it is known.
    fn know(&mut self) {
        self.known.resize(self.values.len(), true);
    }
}

impl<'a> Values<'a> {
    /// How many there are, known or not.
    #[inline]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value at a place; absent, too, where there are not so many.
    #[inline]
    pub fn get(&self, place: usize) -> Option<u64> {
        let value = *self.values.get(place)?;
        self.known
            .get(place)
            .is_none_or(|&known| known)
            .then_some(value)
    }

    /// The last one.
    #[inline]
    pub fn last(&self) -> Option<u64> {
        self.get(self.len().checked_sub(1)?)
    }

    /// One by one.
    #[inline]
    pub fn iter(self) -> impl Iterator<Item = Option<u64>> + 'a {
        (0..self.len()).map(move |place| self.get(place))
    }

    /// The plain numbers, where none is absent.
    #[inline]
    pub fn if_known(&self) -> Option<&'a [u64]> {
        (!self.known.contains(&false)).then_some(self.values)
    }

    /// Whether all are absent.
    #[inline]
    pub fn are_unknown(&self) -> bool {
        !self.values.is_empty() && !self.known.is_empty() && !self.known.contains(&true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_tells_what_it_was_told() {
        for told in [
            [Some(1), Some(2), Some(3), Some(4)],
            [Some(1), None, None, Some(0)],
            [None; 4],
        ] {
            let mut column = Column::default();
            told.iter().for_each(|&value| column.push(value));
            let is_known = told.iter().all(Option::is_some);
            assert_eq!(column.all().if_known().is_some(), is_known);
            assert_eq!(column.all().are_unknown(), told == [None; 4]);
            let mut twice = column.clone();
            twice.extend(column.from(1));
            twice.fill(None, 1);
            twice.extend_known([7, 8].into_iter());
            twice.set(0, Some(9));
            let expected = [
                &[Some(9)],
                &told[1..],
                &told[1..],
                &[None, Some(7), Some(8)],
            ]
            .concat();
            assert_eq!(twice.all().iter().collect::<Vec<_>>(), expected);
            assert_eq!((twice.len(), twice.all().last()), (10, Some(8)));
            twice.keep(3..8);
            assert_eq!(twice.all().iter().collect::<Vec<_>>(), expected[3..8]);
            assert!(twice.from(9).is_empty() && twice.from(0).get(5).is_none());
            twice.clear();
            assert!(twice.is_empty() && !twice.all().are_unknown());
        }
    }
}
