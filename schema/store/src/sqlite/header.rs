//! What a file is, from its first hundred bytes alone: read before SQLite touches it, so that a file that is not ours, or of a newer
//! version, stays byte for byte as it was.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use bc_schema::store::StoreError;

/// `application_id` of our files: "bubl" in ASCII.
pub(crate) const APPLICATION_ID: u32 = 0x6275_626c;

const LENGTH: usize = 100;

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// There is none, or one without a byte or without a table in it.
    Nothing,
    /// Ours, of this version.
    Ours {
        /// Its version.
        version: u32,
    },
}

/// Looks at a file without changing anything. Refuses what is not ours, cut short, or newer than `newest`.
pub(crate) fn look(file: &Path, newest: u32) -> Result<Found, StoreError> {
    let unavailable = |source: std::io::Error| StoreError::Unavailable {
        doing: format!("read {}", file.display()),
        source: source.into(),
    };
    let refused = |why: String| Err(StoreError::Refused(format!("{}: {why}", file.display())));

    // Looked at before it is opened: opening a pipe would wait for somebody at its other end.
    let metadata = match std::fs::metadata(file) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(unavailable(error)),
    };
    if !metadata.is_file() {
        let what = if metadata.is_dir() {
            "a folder"
        } else {
            "no file"
        };
        return refused(format!(
            "is {what}, not a database of Bubble Chamber; nothing was changed, choose another place with --data"
        ));
    }
    let length = metadata.len();
    let mut opened = File::open(file).map_err(unavailable)?;
    let mut header = Vec::with_capacity(LENGTH);
    opened
        .by_ref()
        .take(LENGTH as u64)
        .read_to_end(&mut header)
        .map_err(unavailable)?;
    if header.is_empty() {
        return Ok(Found::Nothing);
    }
    if header.len() < LENGTH || !header.starts_with(b"SQLite format 3\0") {
        return refused("not a database of Bubble Chamber; nothing was changed, choose another place with --data".into());
    }
    let field = |offset: usize| {
        u32::from_be_bytes(header[offset..offset + 4].try_into().expect("four bytes"))
    };
    let (application, version) = (field(68), field(60));
    let is_there =
        |suffix| std::fs::metadata(with_suffix(file, suffix)).is_ok_and(|it| it.len() > 0);
    // Its one page, and its tables were never changed: what builds before this one left when they were killed as they began.
    let untouched = [application, version, field(40)] == [0; 3] && field(28) == 1;
    if untouched && !is_there("-wal") {
        return Ok(Found::Nothing);
    }
    if application != APPLICATION_ID {
        return refused(
            "a database of another program; nothing was changed, choose another place with --data"
                .into(),
        );
    }
    if version > newest {
        return refused(format!(
            "written by a newer Bubble Chamber (version {version} of the tables, this one knows up to {newest}); nothing was changed, install the newer one"
        ));
    }
    // What a checkpoint has not brought over yet stands in the -wal file, and what is to be taken back in the -journal: only without them
    // does the length have to fit.
    let page_size = match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => 65_536,
        size => size,
    };
    let counted = u64::from(field(28)) * page_size;
    let logged = is_there("-wal") || is_there("-journal");
    if !logged && length < counted {
        return refused(format!(
            "the database is damaged: {length} bytes of {counted} are there; nothing was changed, put a backup in its place or move it away"
        ));
    }
    Ok(Found::Ours { version })
}

/// SQLite's names for the files beside a database.
pub(crate) fn with_suffix(file: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
