//! The secret that a data directory makes for itself: 32 random bytes as hexadecimal digits, for its owner's eyes alone.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, bail};
use rand::TryRngCore;
use rand::rngs::OsRng;

use bc_web::Secret;

const DIGITS: usize = 64;

/// Reads it; refuses one that others can read, or that is not whole.
pub(super) fn read(path: &Path) -> anyhow::Result<Option<Secret>> {
    let opened = File::options()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path);
    let mut file = match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.with_context(|| format!("cannot read the secret {}", path.display()))?,
    };
    let about = file
        .metadata()
        .with_context(|| format!("cannot read the secret {}", path.display()))?;
    if about.mode() & 0o077 != 0 {
        bail!(
            "others can read the secret {0}: say `chmod 600 {0}`, or remove it to get a new one (links given out then end)",
            path.display()
        );
    }
    let mut text = String::new();
    file.read_to_string(&mut text)
        .with_context(|| format!("cannot read the secret {}", path.display()))?;
    let text = text.trim();
    if text.len() < DIGITS {
        bail!(
            "the secret {} is not whole: remove it to get a new one (links given out then end)",
            path.display()
        );
    }
    Ok(Some(Secret::new(text)))
}

/// Makes it; fails where there is one.
pub(super) fn make(path: &Path) -> anyhow::Result<Secret> {
    let mut bytes = [0; DIGITS / 2];
    OsRng
        .try_fill_bytes(&mut bytes)
        .context("the kernel gave no random bytes for a secret")?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let doing = || format!("cannot write the secret {}", path.display());
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(doing)?;
    let written = writeln!(file, "{text}").and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a secret would be refused at the next start; none is made anew.
        let _ = std::fs::remove_file(path);
    }
    written.with_context(doing)?;
    Ok(Secret::new(text))
}
