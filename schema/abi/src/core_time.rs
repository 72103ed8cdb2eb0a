//! CPU time by core: a thread's belongs to the core it is on until it is moved to another one.

use crate::process::ProcessKey;

/// A process on a core.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CoreKey {
    /// Which process.
    pub process: ProcessKey,
    /// Which core, as the kernel numbers them.
    pub core: u32,
    /// Always 0.
    pub zero: u32,
}

/// Where on a process's list of cores a core is noted: for machines with more cores, several share a place.
pub const CORE_PLACES: u32 = 64;

/// The cores of a process whose times are in the table of cores.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cores {
    /// Times that were added to the table: what was read of the table is still so while this is.
    pub charged: u64,
    /// Not 0 at [`CORE_PLACES`]: a core with this number, counted round, has an entry.
    pub places: [[u8; 8]; 8],
}

impl Cores {
    /// The cores that may have an entry, on a machine with so many.
    pub fn of(&self, cores: u32) -> impl Iterator<Item = u32> + '_ {
        (0..cores).filter(|core| {
            let place = (core % CORE_PLACES) as usize;
            self.places[place / 8][place % 8] != 0
        })
    }
}

const _: () = assert!(size_of::<CoreKey>() == 24);
const _: () = assert!(size_of::<Cores>() == 72);
