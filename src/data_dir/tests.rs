//! Who may have a data directory, and what its secret is.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn it_is_made_for_its_owner_alone_with_a_secret_that_stays() {
    let parent = tempfile::tempdir().unwrap();
    let data = DataDir::create(&parent.path().join("a/b")).unwrap();
    assert_eq!(mode(data.path()), 0o700);
    assert!(data.secret().unwrap().is_none());

    let lock = data.lock("test").unwrap().unwrap();
    let secret = data.secret_or_new(&lock).unwrap();
    assert_eq!(mode(&data.path().join("secret")), 0o600);
    assert_eq!(secret.expose().len(), 64);
    assert_eq!(data.secret_or_new(&lock).unwrap(), secret);

    let other = DataDir::create(&parent.path().join("c")).unwrap();
    let other_lock = other.lock("test").unwrap().unwrap();
    assert_ne!(other.secret_or_new(&other_lock).unwrap(), secret);
}

#[test]
fn a_second_taker_is_told_who_has_it() {
    let parent = tempfile::tempdir().unwrap();
    let data = DataDir::create(parent.path()).unwrap();
    let lock = data.lock("up").unwrap().unwrap();
    let holder = data.lock("run").unwrap().unwrap_err();
    assert_eq!(
        holder.to_string(),
        format!("`up`, process {}", std::process::id())
    );
    drop(lock);
    data.lock("run").unwrap().unwrap();
}

#[test]
fn a_secret_that_others_read_or_that_is_cut_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let data = DataDir::create(parent.path()).unwrap();
    let path = data.path().join("secret");
    std::fs::write(&path, "ab".repeat(32)).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(data.secret().unwrap_err().to_string().contains("chmod 600"));

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(data.secret().unwrap().is_some());
    std::fs::write(&path, "abcd").unwrap();
    assert!(data.secret().unwrap_err().to_string().contains("not whole"));

    std::fs::rename(&path, data.path().join("elsewhere")).unwrap();
    symlink("elsewhere", &path).unwrap();
    assert!(data.secret().is_err(), "a link could lead anywhere");
}

#[test]
fn a_file_is_no_data_directory() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = DataDir::create(file.path()).unwrap_err();
    assert!(format!("{error:#}").contains("is a file"), "{error:#}");
}
