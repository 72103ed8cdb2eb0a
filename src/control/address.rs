//! Where the socket of a data directory is: beside all others, where every user may reach it. The directory itself is for its owner
//! alone, so the name is one that can be told without looking into it.

use std::fs::{DirBuilder, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tokio::net::UnixListener;

/// The folder of all sockets. Only root makes files below `/run`, so whoever answers there is root.
const FOLDER: &str = "/run/bubble-chamber";

/// The socket of a data directory: named after its path, which need not exist.
pub(crate) fn of(data: &Path) -> PathBuf {
    // The way to it may be one that this user may not go; then only the path as it was given is known.
    let path = data
        .canonicalize()
        .or_else(|_| std::path::absolute(data))
        .unwrap_or_else(|_| data.to_owned());
    let name = blake3::hash(path.as_os_str().as_encoded_bytes()).to_hex();
    Path::new(FOLDER).join(format!("{}.sock", &name[..16]))
}

/// Opens the socket for everybody. Only for who holds the directory's lock: a socket that is there is then a dead one's.
pub(crate) fn listen(socket: &Path) -> anyhow::Result<UnixListener> {
    let doing = || format!("cannot open the control socket {}", socket.display());
    make_folder(socket.parent().unwrap_or(Path::new("/"))).with_context(doing)?;
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).with_context(doing),
        _ => {}
    }
    let listener = UnixListener::bind(socket).with_context(doing)?;
    std::fs::set_permissions(socket, Permissions::from_mode(0o666)).with_context(doing)?;
    Ok(listener)
}

/// Makes the folder, or makes sure that nobody else can put a socket of theirs there.
fn make_folder(folder: &Path) -> anyhow::Result<()> {
    match DirBuilder::new().mode(0o755).create(folder) {
        Ok(()) => {
            // What this process makes is else for its owner alone.
            std::fs::set_permissions(folder, Permissions::from_mode(0o755))?;
            return Ok(());
        }
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
        Err(_) => {}
    }
    let about = std::fs::symlink_metadata(folder)?;
    let ours = about.is_dir() && about.uid() == nix::unistd::geteuid().as_raw();
    if !ours || about.mode() & 0o022 != 0 {
        bail!(
            "others may write to {0}: say `chown root {0}; chmod 755 {0}`",
            folder.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_directory_has_one_socket_however_it_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert_eq!(of(path), of(&path.join(".")));
        assert_eq!(
            of(path),
            of(&path.join("../").join(path.file_name().unwrap()))
        );
        assert_ne!(of(path), of(&path.join("other")));
        assert_eq!(of(&path.join("missing")), of(&path.join("missing")));
        assert!(
            of(path).as_os_str().len() < 100,
            "the kernel takes 107 bytes"
        );
    }

    #[test]
    fn a_folder_that_others_may_write_to_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let ours = folder.path().join("ours");
        make_folder(&ours).unwrap();
        make_folder(&ours).unwrap();
        std::fs::set_permissions(&ours, Permissions::from_mode(0o777)).unwrap();
        assert!(
            make_folder(&ours)
                .unwrap_err()
                .to_string()
                .contains("chmod")
        );
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        make_folder(&link).unwrap_err();
    }
}
