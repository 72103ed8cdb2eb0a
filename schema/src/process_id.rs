//! Who a process is (law 5): boot id, pid and start time, hashed to 128 bits. A bare pid names nobody for long.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The kernel's identity of one boot of one machine (`/proc/sys/kernel/random/boot_id`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BootId(pub [u8; 16]);

/// One process, over all machines and all time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcessId(pub [u8; 16]);

impl Hash for ProcessId {
    /// A hash already, of which a half is as good as all.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_be_bytes([a, b, c, d, e, f, g, h]));
    }
}

impl ProcessId {
    /// The first 16 bytes of BLAKE3 over the boot id, `tgid` (u32, little-endian) and the leader's `start_boottime` in ns (u64, little-endian).
    pub fn new(boot: BootId, tgid: u32, start_boot_ns: u64) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&boot.0);
        hasher.update(&tgid.to_le_bytes());
        hasher.update(&start_boot_ns.to_le_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Self(id)
    }
}

/// The text is not 32 hexadecimal digits (dashes allowed).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id of 32 hexadecimal digits")]
pub struct BadId(String);

fn parse(text: &str) -> Result<[u8; 16], BadId> {
    let digits: Vec<u8> = text.trim().bytes().filter(|&b| b != b'-').collect();
    let bad = || BadId(text.chars().take(64).collect());
    if digits.len() != 32 {
        return Err(bad());
    }
    let mut id = [0; 16];
    for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
        let high = (pair[0] as char).to_digit(16).ok_or_else(bad)?;
        let low = (pair[1] as char).to_digit(16).ok_or_else(bad)?;
        *byte = (high * 16 + low) as u8;
    }
    Ok(id)
}

macro_rules! hex_id {
    ($name:ident) => {
        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                parse(text).map(Self)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
hex_id!(BootId);
hex_id!(ProcessId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_fixed_for_ever() {
        let boot: BootId = "00112233-4455-6677-8899-aabbccddeeff".parse().unwrap();
        let id = ProcessId::new(boot, 4161, 1_000_000_007);
        assert_eq!(id.to_string().parse::<ProcessId>().unwrap(), id);
        // The golden value: stored rows carry it, so it may never change.
        let mut input = boot.0.to_vec();
        input.extend(4161u32.to_le_bytes());
        input.extend(1_000_000_007u64.to_le_bytes());
        assert_eq!(id.0, blake3::hash(&input).as_bytes()[..16]);
    }

    #[test]
    fn rubbish_is_refused() {
        for text in [
            "",
            "12",
            "zz112233445566778899aabbccddeeff",
            "00112233445566778899aabbccddeeff00",
        ] {
            assert!(text.parse::<ProcessId>().is_err(), "{text}");
        }
    }
}
