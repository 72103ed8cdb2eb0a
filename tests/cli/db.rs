//! `db` as a shell sees it: made once, upgraded, looked over, written out.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::{PROGRAM, call, command, path, said};

#[test]
fn a_database_is_made_once_and_upgraded_as_often_as_one_likes() {
    let parent = tempfile::tempdir().expect("a temporary folder can be made");
    let data = parent.path().join("new");
    let data = data.to_str().expect("its name is text");
    let file = Path::new(data).join("bubble-chamber.db");

    let missing = call(&["db", "upgrade", "--data", data]);
    assert_eq!(missing.status.code(), Some(1), "{}", said(&missing.stderr));
    assert!(!file.exists(), "upgrading makes nothing");

    let made = call(&["db", "init", "--data", data]);
    assert_eq!(made.status.code(), Some(0), "{}", said(&made.stderr));
    assert_eq!(
        file.metadata().expect("it was made").permissions().mode() & 0o077,
        0
    );
    let bytes = std::fs::read(&file).expect("it was made");

    let again = call(&["db", "init", "--data", data]);
    assert_eq!((again.status.code(), again.stdout.len()), (Some(1), 0));
    assert!(
        said(&again.stderr).contains("bubble-chamber.db"),
        "{}",
        said(&again.stderr)
    );
    assert_eq!(
        std::fs::read(&file).expect("it is there"),
        bytes,
        "nothing was changed"
    );

    let upgrade = call(&["db", "upgrade", "--data", data]);
    assert_eq!(upgrade.status.code(), Some(0), "{}", said(&upgrade.stderr));
    assert!(
        said(&upgrade.stdout).contains("nothing to do"),
        "{}",
        said(&upgrade.stdout)
    );
}

#[test]
fn a_beginning_that_is_killed_stands_in_nobodys_way() {
    let parent = tempfile::tempdir().expect("a temporary folder can be made");
    let data = path(&parent);
    // Later and later, until one is done before it is killed.
    let mut made = false;
    for after in (0..).map(|step| Duration::from_micros(200 * step)) {
        let mut begun = command(Path::new(PROGRAM), &["db", "init", "--data", data])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it can be started");
        std::thread::sleep(after);
        begun.kill().expect("it is ours");
        let ended = begun.wait().expect("it is ours");
        let again = call(&["db", "init", "--data", data]);
        let there = said(&again.stderr).contains("is already there");
        assert!(
            there || again.status.success(),
            "after {after:?}: {}",
            said(&again.stderr)
        );
        let check = call(&["db", "check", "--data", data]);
        assert!(
            check.status.success(),
            "after {after:?}: {}",
            said(&check.stderr)
        );
        let database = parent.path().join("bubble-chamber.db");
        std::fs::remove_file(database).expect("it was made");
        if std::mem::replace(&mut made, ended.success()) && made {
            break;
        }
    }
}

#[test]
fn a_database_is_looked_over_and_written_out() {
    let parent = tempfile::tempdir().expect("a temporary folder can be made");
    let data = path(&parent);
    let missing = call(&["db", "check", "--data", data]);
    assert_eq!((missing.status.code(), missing.stdout.len()), (Some(1), 0));
    assert!(said(&missing.stderr).contains("is not there"));

    assert!(call(&["db", "init", "--data", data]).status.success());
    let sound = call(&["db", "check", "--data", data]);
    assert_eq!(sound.status.code(), Some(0), "{}", said(&sound.stderr));
    assert!(said(&sound.stdout).contains("is sound"));

    let lives = call(&["db", "dump", "--data", data, "--what", "lives"]);
    assert_eq!((lives.status.code(), lives.stdout.len()), (Some(0), 0));
    let names = call(&[
        "db", "dump", "--data", data, "--what", "lives", "--format", "csv",
    ]);
    assert!(said(&names.stdout).starts_with("container,host,began_ns,"));
    let unknown = call(&["db", "dump", "--data", data, "--container", "nobody"]);
    assert_eq!((unknown.status.code(), unknown.stdout.len()), (Some(1), 0));
    assert!(said(&unknown.stderr).contains("`nobody`"));
    for wrong in [
        &["--resolution", "y"][..],
        &["--from", "tomorrow"],
        &["--what", "nothing"],
    ] {
        let words = [&["db", "dump", "--data", data, "--container", "c"], wrong].concat();
        assert_eq!(call(&words).status.code(), Some(2), "{wrong:?}");
    }
    let of_nobody = call(&["db", "dump", "--data", data]);
    assert_eq!(of_nobody.status.code(), Some(2));
    assert!(said(&of_nobody.stderr).contains("--container is missing"));
    let help = call(&["db", "dump", "--help"]);
    assert!(
        said(&help.stdout).contains("- cpus:"),
        "{}",
        said(&help.stdout)
    );
    // What has no buckets has no resolution.
    for (what, refused) in [("cpus", false), ("usage", false), ("execs", true)] {
        let words = [
            "db",
            "dump",
            "--data",
            data,
            "--container",
            "c",
            "--what",
            what,
            "--resolution",
            "s",
        ];
        let answer = call(&words);
        let error = said(&answer.stderr);
        assert_eq!(
            error.contains("--resolution is for"),
            refused,
            "{what}: {error}"
        );
        let code = if refused { 2 } else { 1 };
        assert_eq!(answer.status.code(), Some(code), "{what}");
    }

    // A byte of a table's page is enough.
    let file = parent.path().join("bubble-chamber.db");
    let mut bytes = std::fs::read(&file).expect("it was made");
    bytes[3 * 4096..4 * 4096].fill(0xa5);
    std::fs::write(&file, bytes).expect("it can be written");
    let damaged = call(&["db", "check", "--data", data]);
    assert_eq!(damaged.status.code(), Some(1));
    assert!(said(&damaged.stderr).contains("damaged"));
    assert!(!damaged.stdout.is_empty(), "what is wrong is told");
}

#[test]
fn a_reader_that_goes_away_ends_a_dump_quietly() {
    let parent = tempfile::tempdir().expect("a temporary folder can be made");
    let data = path(&parent);
    assert!(call(&["db", "init", "--data", data]).status.success());
    let dump = [
        "db", "dump", "--data", data, "--what", "lives", "--format", "csv",
    ];
    let (reader, writer) = std::io::pipe().expect("a pipe can be made");
    drop(reader);
    let output = command(Path::new(PROGRAM), &dump)
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .expect("the program starts");
    assert_eq!(
        (output.status.code(), said(&output.stderr).as_str()),
        (Some(0), "")
    );
}
