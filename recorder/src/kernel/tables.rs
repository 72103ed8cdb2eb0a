//! The maps that the kernel programs share with the agent, each by its name in `recorder-ebpf/src/maps.rs`.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use aya::maps::{Array, HashMap, Map, MapData, MapError, PerCpuArray, RingBuf};
use bc_abi::{
    Account, CgroupKey, CgroupNote, Control, KernelLoss, Lost, Process, ProcessKey, Watch,
};

use super::core_time::CoreTimes;
use super::shared::Shared;
use super::{KernelError, Options};

/// All of them, open.
pub(super) struct Tables {
    pub(super) events: RingBuf<MapData>,
    pub(super) watches: HashMap<MapData, Shared<CgroupKey>, Shared<Watch>>,
    pub(super) filter: Array<MapData, u64>,
    pub(super) filter_base: Array<MapData, u64>,
    pub(super) processes: HashMap<MapData, Shared<ProcessKey>, Shared<Process>>,
    pub(super) signals: HashMap<MapData, u64, Shared<ProcessKey>>,
    pub(super) accounts: HashMap<MapData, Shared<CgroupKey>, Shared<Account>>,
    pub(super) spills: Array<MapData, Shared<Account>>,
    pub(super) cores: Option<CoreTimes>,
    pub(super) losses: PerCpuArray<MapData, Shared<[Lost; KernelLoss::COUNT as usize]>>,
    pub(super) control: Array<MapData, Shared<Control>>,
    /// Of a walk in one call: `TaskRecord`s, to be mapped.
    pub(super) records: OwnedFd,
    pub(super) notes: HashMap<MapData, Shared<CgroupKey>, Shared<CgroupNote>>,
    pub(super) declared: Array<MapData, Shared<Lost>>,
    pub(super) declared_accounts: HashMap<MapData, Shared<CgroupKey>, Shared<Account>>,
    pub(super) declared_spills: Array<MapData, Shared<Account>>,
    /// The same once more, to be pinned by name.
    pub(super) descriptors: Vec<(&'static str, OwnedFd)>,
}

impl Tables {
    /// Opens each as `take` gives it.
    pub(super) fn open(
        options: Options<'_>,
        mut take: impl FnMut(&'static str) -> Result<Map, KernelError>,
    ) -> Result<Self, KernelError> {
        let mut descriptors = Vec::new();
        let mut take = |name| {
            let map = take(name)?;
            let kept = descriptor(&map).map(|map| map.try_clone_to_owned());
            if let Some(kept) = kept {
                let kept = kept.map_err(|error| refused(name, error))?;
                descriptors.push((name, kept));
            }
            Ok(map)
        };
        let take = &mut take;
        Ok(Self {
            events: table(take, "EVENTS")?,
            watches: table(take, "WATCHES")?,
            filter: table(take, "FILTER")?,
            filter_base: table(take, "FILTER_BASE")?,
            processes: table(take, "PROCESSES")?,
            signals: table(take, "SIGNALS")?,
            accounts: table(take, "ACCOUNTS")?,
            spills: table(take, "SPILLS")?,
            cores: options.cores.then(|| CoreTimes::open(take)).transpose()?,
            losses: table(take, "LOSSES")?,
            control: table(take, "CONTROL")?,
            records: memory(take, "RECORDS")?,
            notes: table(take, "NOTES")?,
            declared: table(take, "DECLARED")?,
            declared_accounts: table(take, "DECLARED_ACCOUNTS")?,
            declared_spills: table(take, "DECLARED_SPILLS")?,
            descriptors,
        })
    }
}

pub(super) fn table<T>(
    take: &mut impl FnMut(&'static str) -> Result<Map, KernelError>,
    name: &'static str,
) -> Result<T, KernelError>
where
    T: TryFrom<Map, Error = MapError>,
{
    T::try_from(take(name)?).map_err(|error| refused(name, error))
}

/// One that is mapped, and not looked things up in.
fn memory(
    take: &mut impl FnMut(&'static str) -> Result<Map, KernelError>,
    name: &'static str,
) -> Result<OwnedFd, KernelError> {
    let map = take(name)?;
    let memory = descriptor(&map).ok_or(KernelError::NotEmbedded)?;
    memory
        .try_clone_to_owned()
        .map_err(|error| refused(name, error))
}

fn refused(name: &str, error: impl std::error::Error + Send + Sync + 'static) -> KernelError {
    KernelError::refused(format!("opening the map {name}"), error)
}

/// The descriptor of a map of the kinds that the programs have.
pub(super) fn descriptor(map: &Map) -> Option<BorrowedFd<'_>> {
    match map {
        Map::Array(data)
        | Map::HashMap(data)
        | Map::PerCpuArray(data)
        | Map::PerCpuHashMap(data)
        | Map::RingBuf(data) => Some(data.fd().as_fd()),
        _ => None,
    }
}
