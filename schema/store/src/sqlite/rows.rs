//! Nouns to row values and back, where writing and reading share it.

use bc_schema::{
    Container, ContainerId, ContainerKind, LifeKey, Limits, Metrics, ProcessEnd, ProcessExec,
    ProcessId, ProcessStart, Resolution,
};
use rusqlite::Row;
use rusqlite::types::{FromSql, Type};
use serde::Serialize;

use super::error::Failure;
use crate::facts::Window;

/// SQLite's integers are signed: an unsigned one stands there in two's complement.
pub(crate) fn signed(value: u64) -> i64 {
    value.cast_signed()
}

/// Reads an unsigned integer.
pub(crate) fn unsigned(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(index).map(i64::cast_unsigned)
}

/// Reads an unsigned integer that may be absent.
pub(crate) fn maybe_unsigned(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(i64::cast_unsigned))
}

/// Reads as many unsigned integers, from `index` on.
pub(crate) fn unsigned_array<const N: usize>(
    row: &Row<'_>,
    index: usize,
) -> rusqlite::Result<[u64; N]> {
    let mut values = [0; N];
    for (offset, value) in values.iter_mut().enumerate() {
        *value = unsigned(row, index + offset)?;
    }
    Ok(values)
}

/// The number of a resolution in the `blocks` table.
pub(crate) fn number(resolution: Resolution) -> i64 {
    resolution as i64
}

/// Packs a set of measurements that may be absent.
pub(crate) fn pack_metrics(metrics: Option<&Metrics>) -> Option<Vec<u8>> {
    metrics.map(|metrics| {
        let mut out = Vec::new();
        metrics.pack(&mut out);
        out
    })
}

/// Reads what [`pack_metrics`] packed.
pub(crate) fn baseline(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Metrics>> {
    let Some(mut bytes) = row.get_ref(index)?.as_blob_or_null()? else {
        return Ok(None);
    };
    Metrics::unpack(&mut bytes)
        .map(Some)
        .ok_or_else(|| damaged(index, Type::Blob))
}

/// A value of a row that no version of ours would have written.
pub(crate) fn damaged(index: usize, kind: Type) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        index,
        kind,
        "a value that cannot be read back".into(),
    )
}

/// Reads a value of a type that knows how to parse itself.
pub(crate) fn parsed<T: FromSql, V>(
    row: &Row<'_>,
    index: usize,
    parse: impl FnOnce(T) -> Option<V>,
) -> rusqlite::Result<V> {
    parse(row.get(index)?).ok_or_else(|| {
        damaged(
            index,
            row.get_ref(index)
                .map_or(Type::Null, |value| value.data_type()),
        )
    })
}

/// A list or a map as JSON text.
pub(crate) fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value)
        .map_err(|error| Failure::Sql(rusqlite::Error::ToSqlConversionFailure(error.into())))
}

/// Reads the kind of a container.
pub(crate) fn kind(row: &Row<'_>, index: usize) -> rusqlite::Result<ContainerKind> {
    parsed(row, index, |name: String| {
        ContainerKind::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
    })
}

/// Reads a statement: kind, name, image, command, labels, memory_bytes, cpu_milli, pids, cgroup, uid, stated_ns, ended_ns, from `index`.
pub(crate) fn container(row: &Row<'_>, index: usize, life: LifeKey) -> rusqlite::Result<Container> {
    Ok(Container {
        life,
        kind: kind(row, index)?,
        name: row.get(index + 1)?,
        image: row.get(index + 2)?,
        command: row.get(index + 3)?,
        labels: parsed(row, index + 4, |text: String| {
            serde_json::from_str(&text).ok()
        })?,
        limits: Limits {
            memory_bytes: maybe_unsigned(row, index + 5)?,
            cpu_milli: maybe_unsigned(row, index + 6)?,
            pids: maybe_unsigned(row, index + 7)?,
        },
        cgroup: row.get(index + 8)?,
        uid: row.get(index + 9)?,
        stated_ns: unsigned(row, index + 10)?,
        ended_ns: maybe_unsigned(row, index + 11)?,
    })
}

/// Reads what a process executed: at_ns, name, exe, args, args_cut, inherited, from `index`.
pub(crate) fn exec(
    row: &Row<'_>,
    index: usize,
    process: ProcessId,
) -> rusqlite::Result<ProcessExec> {
    Ok(ProcessExec {
        process,
        at_ns: unsigned(row, index)?,
        name: row.get(index + 1)?,
        exe: row.get(index + 2)?,
        args: parsed(row, index + 3, |text: Option<String>| {
            text.map(|text| serde_json::from_str(&text).ok())
                .map_or(Some(None), |args| args.map(Some))
        })?,
        args_cut: row.get(index + 4)?,
        inherited: row.get(index + 5)?,
    })
}

/// Reads a container's id.
pub(crate) fn container_id(row: &Row<'_>, index: usize) -> rusqlite::Result<ContainerId> {
    parsed(row, index, |text: String| ContainerId::new(text))
}

/// Reads a life's host and beginning, in two columns from `index`.
pub(crate) fn life_key(
    row: &Row<'_>,
    index: usize,
    container: ContainerId,
) -> rusqlite::Result<LifeKey> {
    Ok(LifeKey {
        container,
        host: row.get(index)?,
        began_ns: unsigned(row, index + 1)?,
    })
}

/// Reads how a process began: pid, container_pid, parent, parent_pid, uid, start_ns, entered_ns, is_root, baseline, name, from `index`.
pub(crate) fn start(
    row: &Row<'_>,
    index: usize,
    process: ProcessId,
    life: LifeKey,
) -> rusqlite::Result<ProcessStart> {
    Ok(ProcessStart {
        process,
        life,
        pid: row.get(index)?,
        container_pid: row.get(index + 1)?,
        parent: row.get::<_, Option<[u8; 16]>>(index + 2)?.map(ProcessId),
        parent_pid: row.get(index + 3)?,
        uid: row.get(index + 4)?,
        start_ns: unsigned(row, index + 5)?,
        entered_ns: unsigned(row, index + 6)?,
        is_root: row.get(index + 7)?,
        baseline: baseline(row, index + 8)?,
        name: row.get(index + 9)?,
    })
}

/// Reads an account's window, in two columns from `index`.
pub(crate) fn window(row: &Row<'_>, index: usize) -> rusqlite::Result<Window> {
    Ok(Window {
        after_ns: maybe_unsigned(row, index)?,
        until_ns: unsigned(row, index + 1)?,
    })
}

/// What stands for an absent exit code or signal.
pub(crate) const ABSENT: i64 = -1;

/// Reads how a process ended: at_ns, exit_code, signal, core_dumped, oom_killed, unseen, from `index`.
pub(crate) fn end(row: &Row<'_>, index: usize, process: ProcessId) -> rusqlite::Result<ProcessEnd> {
    let code = |index: usize| {
        parsed(row, index, |code: i64| {
            if code == ABSENT {
                Some(None)
            } else {
                u8::try_from(code).ok().map(Some)
            }
        })
    };
    Ok(ProcessEnd {
        process,
        at_ns: unsigned(row, index)?,
        exit_code: code(index + 1)?,
        signal: code(index + 2)?,
        core_dumped: row.get(index + 3)?,
        oom_killed: row.get(index + 4)?,
        unseen: row.get(index + 5)?,
    })
}

/// Bytes of a row, where they stand.
pub(crate) fn blob<'a>(row: &'a Row<'_>, index: usize) -> rusqlite::Result<&'a [u8]> {
    Ok(row.get_ref(index)?.as_blob()?)
}
