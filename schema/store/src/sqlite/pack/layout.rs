//! Where the sections of a pack stand: its first bytes say how many there are and how long each is.

use std::ops::Range;

use bc_schema::varint::take;

use super::SECTIONS;

/// Bytes that hold the lengths of all sections, however long these are.
pub(crate) const HEADER: usize = 10 * (SECTIONS + 1);

/// The places of the sections that this version knows; those that a pack does not have are empty.
pub(super) struct Layout([Range<usize>; SECTIONS]);

impl Layout {
    /// Reads the first bytes of a pack, as many as [`HEADER`] or all of them.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let count = usize::try_from(take(&mut rest)?).ok()?;
        if count > bytes.len() {
            return None;
        }
        let mut lengths = [0; SECTIONS];
        for index in 0..count {
            let length = usize::try_from(take(&mut rest)?).ok()?;
            if let Some(slot) = lengths.get_mut(index) {
                *slot = length;
            }
        }
        let mut end = bytes.len() - rest.len();
        let mut places = [const { 0..0 }; SECTIONS];
        for (place, length) in places.iter_mut().zip(lengths) {
            let from = end;
            end = end.checked_add(length)?;
            *place = from..end;
        }
        Some(Self(places))
    }

    /// Where a section stands.
    pub(super) fn range(&self, section: usize) -> Range<usize> {
        self.0[section].clone()
    }
}
