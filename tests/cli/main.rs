//! The commands as a shell sees them: names, exit codes, what goes to which output. Nothing here records, and nothing needs root.

mod db;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_bubble-chamber");
const SECRET: &str = "k2J8-vQ0x_Zr5LmN7tWd-of-a-site";

fn command(program: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(program);
    // What the caller's own environment and folder say must not decide a test.
    command
        .args(words)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .current_dir("/")
        .stdin(Stdio::null());
    command
}

fn call(words: &[&str]) -> Output {
    command(Path::new(PROGRAM), words)
        .output()
        .expect("the program starts")
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it speaks UTF-8")
}

/// A data directory with a secret, as `up` leaves it.
fn data() -> TempDir {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let secret = data.path().join("secret");
    std::fs::write(&secret, "0123456789abcdef".repeat(4)).expect("it can be written to");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).expect("it is ours");
    data
}

fn path(data: &TempDir) -> &str {
    data.path()
        .to_str()
        .expect("the name of the temporary folder is text")
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("a token has three parts");
    let json = URL_SAFE_NO_PAD.decode(part).expect("they are base64");
    serde_json::from_slice(&json).expect("the second is JSON")
}

#[test]
fn help_teaches_and_what_is_not_there_is_not_listed() {
    let help = said(&call(&["--help"]).stdout);
    for role in ["up", "run", "recorder", "token", "db"] {
        assert!(help.contains(&format!("\n  {role} ")), "{role}: {help}");
        let own = call(&[role, "--help"]);
        assert_eq!(own.status.code(), Some(0));
        assert!(said(&own.stdout).contains("--help") && own.stderr.is_empty());
    }
    for role in ["up", "run", "recorder", "token"] {
        assert!(
            said(&call(&[role, "--help"]).stdout).contains("Examples:"),
            "{role}"
        );
    }
    let unknown = call(&["dance"]);
    assert_eq!((unknown.status.code(), unknown.stdout.len()), (Some(2), 0));
    assert_eq!(call(&[]).status.code(), Some(2));
}

#[test]
fn the_version_says_what_is_inside() {
    let version = said(&call(&["--version"]).stdout);
    let lines: Vec<_> = version.lines().collect();
    assert_eq!(
        lines[0],
        format!("bubble-chamber {}", env!("CARGO_PKG_VERSION"))
    );
    for (line, part) in lines[1..].iter().zip(["kernel programs", "page"]) {
        assert!(
            [format!("{part}: embedded"), format!("{part}: missing")].contains(&line.to_string()),
            "{line}"
        );
    }
    assert_eq!(lines.len(), 3);
}

#[test]
fn a_token_is_all_that_is_printed() {
    let data = data();
    let before_s = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("it is after 1970")
        .as_secs();
    let output = call(&[
        "token",
        "--data",
        path(&data),
        "--container",
        "job_12",
        "--for",
        "2d",
    ]);
    assert_eq!(
        (output.status.code(), said(&output.stderr).as_str()),
        (Some(0), "")
    );
    let text = said(&output.stdout);
    assert_eq!(
        (text.lines().count(), text.trim().split('.').count()),
        (1, 3)
    );
    let claims_of = claims(text.trim());
    assert_eq!(
        (&claims_of["aud"], &claims_of["container"]),
        (&"urn:cb/stat".into(), &"job_12".into())
    );
    let left_s = claims_of["exp"].as_u64().expect("it ends") - before_s;
    assert!((172_800..172_830).contains(&left_s), "{left_s}");

    let admin = claims(said(&call(&["token", "--data", path(&data), "--admin"]).stdout).trim());
    assert_eq!(
        (&admin["admin"], &admin["container"]),
        (&true.into(), &Value::Null)
    );
}

#[test]
fn a_given_secret_goes_before_the_directorys_own() {
    let token = |data: &TempDir, secret: Option<&str>| {
        let words = ["token", "--data", path(data), "--admin"];
        let mut command = command(Path::new(PROGRAM), &words);
        command.envs(secret.map(|secret| ("AUTH_SECRET", secret)));
        let output = command.output().expect("the program starts");
        said(&output.stdout).trim().to_owned()
    };
    let (data, empty) = (
        data(),
        tempfile::tempdir().expect("a temporary folder can be made"),
    );
    // Tokens of one secret differ only by their second.
    let pair = std::iter::repeat_with(|| {
        [
            token(&data, Some(SECRET)),
            token(&empty, Some(SECRET)),
            token(&data, None),
        ]
    })
    .take(10)
    .find(|tokens| {
        tokens
            .iter()
            .all(|token| claims(token) == claims(&tokens[0]))
    })
    .expect("three tokens are made within one second");
    assert_eq!(
        pair[0], pair[1],
        "the same secret, whatever the directory has"
    );
    assert_ne!(pair[0], pair[2], "the directory's own is another");
}

#[test]
fn what_makes_no_token_says_why_on_standard_error() {
    let data = data();
    let empty = tempfile::tempdir().expect("a temporary folder can be made");
    let none = call(&["token", "--data", path(&empty), "--admin"]);
    assert_eq!((none.status.code(), none.stdout.len()), (Some(1), 0));
    assert!(
        said(&none.stderr).contains("has no secret yet"),
        "{}",
        said(&none.stderr)
    );
    assert_eq!(
        std::fs::read_dir(empty.path())
            .expect("it is there")
            .count(),
        0,
        "and makes none"
    );

    for wrong in [
        &["--admin", "--container", "x"][..],
        &[],
        &["--admin", "--for", "soon"],
        &["--admin", "--for", "0s"],
        &["--container", ""],
        &["--container", "a\nb"],
    ] {
        let output = call(&[&["token", "--data", path(&data)], wrong].concat());
        assert_eq!(
            (output.status.code(), output.stdout.len()),
            (Some(2), 0),
            "{wrong:?}"
        );
        assert!(!output.stderr.is_empty());
    }

    let weak = command(Path::new(PROGRAM), &["token", "--admin"])
        .env("AUTH_SECRET", "hunter2")
        .output()
        .expect("it starts");
    assert_eq!((weak.status.code(), weak.stdout.len()), (Some(1), 0));
    let why = said(&weak.stderr);
    assert!(
        why.contains("AUTH_SECRET") && !why.contains("hunter2"),
        "{why}"
    );
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let data = data();
    for words in [
        &["token", "--admin", "--data", path(&data)][..],
        &["--help"],
        &["up", "--help"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe can be made");
        drop(reader);
        let output = command(Path::new(PROGRAM), words)
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn();
        let output = output
            .and_then(std::process::Child::wait_with_output)
            .expect("the program starts");
        assert_eq!(
            (output.status.code(), said(&output.stderr).as_str()),
            (Some(0), ""),
            "{words:?}"
        );
    }
}

#[test]
fn it_answers_to_the_names_of_its_roles() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (name, code) in [("bc-db", 1), ("bc_db", 1), ("bc-dance", 2)] {
        let link = folder.path().join(name);
        symlink(PROGRAM, &link).expect("a link can be made");
        let output = command(&link, &["upgrade", "--data", path(&folder)])
            .output()
            .expect("the program starts");
        assert_eq!(
            output.status.code(),
            Some(code),
            "{name}: {}",
            said(&output.stderr)
        );
    }
}

#[test]
fn without_root_recording_says_how_to_get_it() {
    for (words, code) in [
        (&["up"][..], 1),
        (&["run", "--", "echo", "ran"], 125),
        (&["recorder", "--check"], 1),
    ] {
        let mut command = command(Path::new(PROGRAM), words);
        if nix::unistd::geteuid().is_root() {
            command.uid(65534).gid(65534);
        }
        let output = command.output().expect("the program starts");
        assert_eq!(
            (output.status.code(), output.stdout.len()),
            (Some(code), 0),
            "{words:?}"
        );
        assert!(
            said(&output.stderr).contains("sudo bubble-chamber"),
            "{}",
            said(&output.stderr)
        );
    }
}

#[test]
fn a_recorder_by_itself_only_checks() {
    let output = call(&["recorder"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    assert!(said(&output.stderr).contains("--check"));
}

#[test]
fn a_wrong_configuration_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("my.yml");
    let call = |text: &str| {
        std::fs::write(&file, text).expect("it can be written");
        let mut command = command(
            Path::new(PROGRAM),
            &["token", "--admin", "--data", path(&folder)],
        );
        command
            .env("BC_CONFIG", &file)
            .output()
            .expect("the program starts")
    };
    let wrong = call("web: {port: many}");
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        said(&wrong.stderr).contains("my.yml"),
        "{}",
        said(&wrong.stderr)
    );

    let unknown = call(&format!(
        "auth: {{secret: {SECRET}}}\nrecorder:\n  exlude: [\"ci-*\"]\n"
    ));
    assert_eq!((unknown.status.code(), unknown.stdout.len()), (Some(1), 0));
    let told = said(&unknown.stderr);
    for part in ["my.yml", "`exlude`", "`exclude`", "line 3"] {
        assert!(told.contains(part) && !told.contains(SECRET), "{told}");
    }

    std::fs::remove_file(&file).expect("it is there");
    let mut gone = command(Path::new(PROGRAM), &["token", "--admin"]);
    let gone = gone
        .env("BC_CONFIG", &file)
        .output()
        .expect("the program starts");
    assert!(
        said(&gone.stderr).contains("my.yml"),
        "a file that is named must be there"
    );
}

#[test]
fn the_folder_of_a_command_that_is_run_says_nothing_of_ours() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::write(folder.path().join("config.yml"), "pipeline: {steps: 3}\n")
        .expect("it can be written");
    let called = |words: &[&str]| {
        command(Path::new(PROGRAM), words)
            .current_dir(folder.path())
            .output()
            .expect("the program starts")
    };
    // Refused, as here for its id, only after the settings are read.
    let run = called(&[
        "run",
        "--data",
        path(&folder),
        "--id",
        "job_1",
        "--",
        "true",
    ]);
    let told = said(&run.stderr);
    assert!(
        run.status.code() == Some(125) && !told.contains("config.yml"),
        "{told}"
    );
    let token = called(&["token", "--data", path(&folder), "--admin"]);
    let told = said(&token.stderr);
    assert!(
        token.status.code() == Some(1) && told.contains("config.yml") && told.contains("--config"),
        "{told}"
    );
}

#[test]
fn a_variable_that_is_no_setting_is_warned_of_where_one_like_it_is() {
    let data = data();
    let mut command = command(
        Path::new(PROGRAM),
        &["token", "--admin", "--data", path(&data)],
    );
    let output = command
        .env("BC_RETENTION_HOUR", "1")
        .env("BC_OF_THE_JOB", "1")
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(0));
    let told = said(&output.stderr);
    assert!(
        told.contains("BC_RETENTION_HOURS") && !told.contains("BC_OF_THE_JOB"),
        "{told}"
    );
}
