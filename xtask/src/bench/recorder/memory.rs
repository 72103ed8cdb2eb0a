//! The memory that a recorder holds, by what it is made of. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use super::field;

/// Memory of a process, as its `status` tells it, and what the kernel holds for its maps and programs besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(in crate::bench) struct Memory {
    /// Resident now.
    pub(in crate::bench) rss_bytes: u64,
    /// Most that was ever resident.
    pub(in crate::bench) peak_rss_bytes: u64,
    /// Of it: heap and stacks.
    pub(in crate::bench) anonymous_bytes: u64,
    /// Of it: pages of files, above all of the executable; the kernel can drop them at any time.
    pub(in crate::bench) file_bytes: u64,
    /// Of it: shared memory.
    pub(in crate::bench) shared_bytes: u64,
    /// Held by the kernel for maps and programs, in no process's RSS.
    pub(in crate::bench) kernel_bytes: u64,
}

impl Memory {
    pub(super) fn read(status: &str, kernel_bytes: u64) -> Option<Self> {
        let kib: BTreeMap<&str, u64> = ["VmRSS:", "VmHWM:", "RssAnon:", "RssFile:", "RssShmem:"]
            .into_iter()
            .filter_map(|name| Some((name, field(status, name)?)))
            .collect();
        let bytes = |name| Some(kib.get(name)? * 1024);
        Some(Self {
            rss_bytes: bytes("VmRSS:")?,
            peak_rss_bytes: bytes("VmHWM:")?,
            anonymous_bytes: bytes("RssAnon:")?,
            file_bytes: bytes("RssFile:")?,
            shared_bytes: bytes("RssShmem:")?,
            kernel_bytes,
        })
    }
}

/// What the kernel holds for maps and programs, by what it says of a process's descriptors: each of them once, however many descriptors it has.
pub(super) fn kernel_bytes(descriptors: impl Iterator<Item = String>) -> u64 {
    let held: BTreeMap<(&str, u64), u64> = descriptors
        .filter_map(|descriptor| {
            let mut ids = ["map_id:", "prog_id:"].into_iter();
            let id = ids.find_map(|name| Some((name, field(&descriptor, name)?)))?;
            Some((id, field(&descriptor, "memlock:")?))
        })
        .collect();
    held.values().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_with_two_descriptors_counts_once() {
        let said = [
            "map_type:\t1\nmemlock:\t100\nmap_id:\t7\n",
            "map_type:\t1\nmemlock:\t100\nmap_id:\t7\n",
            "map_type:\t2\nmemlock:\t100\nmap_id:\t8\n",
            "prog_type:\t26\nmemlock:\t4096\nprog_id:\t7\n",
            "link_type:\ttracing\nlink_id:\t9\nprog_id:\t7\n",
            "pos:\t0\nflags:\t02\n",
        ];
        let descriptors = said.into_iter().map(str::to_owned);
        assert_eq!(kernel_bytes(descriptors), 4_296);
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "VmHWM:\t   50956 kB\nVmRSS:\t   3 kB\nRssAnon:\t 1 kB\nRssFile:\t 2 kB\nRssShmem:\t 0 kB\n";
        let memory = Memory::read(status, 7).expect("all is there");
        assert_eq!(
            (
                memory.rss_bytes,
                memory.peak_rss_bytes,
                memory.file_bytes,
                memory.kernel_bytes
            ),
            (3_072, 52_178_944, 2_048, 7)
        );
        assert_eq!(Memory::read("VmRSS:\t 3 kB\n", 0), None);
    }
}
