//! How far ahead of the boot clock a recorder's UTC was, kept in a file for the next one: the machine's clock may be set back while nobody
//! records, and what goes on must not be stamped before what was recorded of it. After a reboot nothing goes on, and the clock is believed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bc_schema::BootId;

/// Steps that are not worth a write; a recorder takes longer to begin.
const STEP_NS: i64 = 100_000_000;

/// The file, while a recorder keeps it.
#[derive(Debug)]
pub(super) struct Kept {
    file: PathBuf,
    boot: BootId,
    written_ns: Option<i64>,
}

impl Kept {
    /// Reads the file, if there is one that holds for this boot.
    pub(super) fn read(file: &Path, boot: BootId) -> Self {
        let text = fs::read_to_string(file).unwrap_or_default();
        let written_ns = text.trim().split_once(' ').and_then(|(of, offset_ns)| {
            let same = of.parse() == Ok(boot);
            offset_ns.parse().ok().filter(|_| same)
        });
        Self {
            file: file.to_owned(),
            boot,
            written_ns,
        }
    }

    /// Where the recorder before this one was, at the most, if the clock that says `now_ns` was set back since.
    pub(super) fn ahead_of(&self, now_ns: i64) -> Option<i64> {
        let written_ns = self.written_ns?;
        (now_ns < written_ns.saturating_sub(STEP_NS)).then(|| written_ns.saturating_add(STEP_NS))
    }

    /// Writes down where this recorder is.
    pub(super) fn keep(&mut self, offset_ns: i64) {
        if self
            .written_ns
            .is_some_and(|written_ns| offset_ns < written_ns.saturating_add(STEP_NS))
        {
            return;
        }
        match self.write(offset_ns) {
            Ok(()) => self.written_ns = Some(offset_ns),
            Err(error) => {
                tracing::debug!(%error, file = %self.file.display(), "the next recorder cannot be told where this one's clock is");
            }
        }
    }

    /// Whole or not at all. It need not outlive a power failure: nothing that goes on does.
    fn write(&self, offset_ns: i64) -> io::Result<()> {
        let mut making = self.file.clone().into_os_string();
        making.push("-new");
        fs::write(&making, format!("{} {offset_ns}\n", self.boot))?;
        fs::rename(making, &self.file)
    }
}
