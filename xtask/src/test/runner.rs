//! How each kind of test is run, and what its programs are told by environment variables
//! (docs/development.md lists them).

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::kind::Kind;
use super::tally::{self, Tally};
use super::{api, kernels};
use crate::setup::apt;
use crate::{build, engine, kernel_object, layers, oracle, setup, step, tidy, tree};

/// Integration tests of the executable that need root and the real kernel: never part of the unit kind.
const AS_ROOT: [&str; 3] = ["live", "faults", "engines"];

/// Sets up for a kind and runs it.
///
/// # Errors
/// Whatever kept it from running to its end; failed tests are in the tally.
pub(crate) fn run(kind: Kind) -> Result<Tally> {
    if kind.as_root() && !apt::is_root() {
        bail!(
            "{} tests load programs into the kernel and mount file systems: run as root",
            kind.name()
        );
    }
    setup::ensure(kind.needs())?;
    match kind {
        Kind::Fmt => formatted(),
        Kind::Tidy => tidy::report().map(|()| Tally::default()),
        Kind::Layering => layers::report().map(|()| Tally::default()),
        Kind::Clippy => {
            build::page()?;
            let mut cargo = build::cargo("clippy");
            check(
                "cargo clippy",
                cargo.args(["--workspace", "--all-targets", "--", "-D", "warnings"]),
            )
        }
        Kind::PageLint => check("npm run check", &mut npm(&["run", "--silent", "check"])),
        Kind::Unit => unit(),
        Kind::Live => live(),
        Kind::Faults => faults(),
        Kind::Kernels => kernels::run(&build::given_or_complete()?, &oracle::compile()?),
        Kind::Engines => engines(),
        Kind::Page => page(),
        Kind::Api => api::run(build::given_or_complete()?),
    }
}

fn check(what: &str, command: &mut Command) -> Result<Tally> {
    step::openly(what, command)?;
    Ok(Tally::default())
}

fn formatted() -> Result<Tally> {
    check(
        "cargo fmt --check",
        build::cargo("fmt").args(["--all", "--", "--check"]),
    )?;
    // The kernel programs are no member of the workspace.
    let mut cargo = build::cargo("fmt");
    check(
        "cargo fmt --check in recorder-ebpf",
        cargo
            .args(["--", "--check"])
            .current_dir(tree::root().join("recorder-ebpf")),
    )
}

fn unit() -> Result<Tally> {
    build::page()?;
    let mut tests = build::cargo("test");
    tests.args(["--workspace", "--no-fail-fast", "--lib", "--bins"]);
    for name in integration_tests()? {
        tests.args(["--test", &name]);
    }
    let mut tally = run_cargo("cargo test", &mut tests)?;
    let mut examples = build::cargo("test");
    tally += run_cargo(
        "cargo test --doc",
        examples.args(["--workspace", "--no-fail-fast", "--doc"]),
    )?;
    let scripts = step::listen("npm run unit", &mut npm(&["run", "--silent", "unit"]))?;
    let of_page = tally::of_node(&scripts.stdout);
    agrees("npm run unit", scripts.succeeded, &of_page)?;
    tally += of_page;
    Ok(tally)
}

fn live() -> Result<Tally> {
    let binary = build::complete()?;
    let oracles = oracle::compile()?;
    let mutant = kernel_object::mutant()?;
    let mut cargo = build::cargo("test");
    cargo
        .env("BC_BIN", binary)
        .env("BC_ORACLES", oracles)
        .env("BC_MUTANT_OBJECT", mutant);
    root_tests("live", &mut cargo)
}

fn faults() -> Result<Tally> {
    let binary = build::complete()?;
    let oracles = oracle::compile()?;
    // The program that is killed while it writes. Built as the tests are, beside them.
    let mut example = build::cargo("build");
    step::openly(
        "cargo build --example faults-writer",
        example.args(["--quiet", "--example", "faults-writer"]),
    )?;
    let writer = tree::target().join("debug/examples/faults-writer");
    let mut cargo = build::cargo("test");
    cargo
        .env("BC_BIN", binary)
        .env("BC_ORACLES", oracles)
        .env("BC_WRITER", writer);
    root_tests("faults", &mut cargo)
}

fn engines() -> Result<Tally> {
    let binary = build::complete()?;
    let oracles = oracle::compile()?;
    let started = engine::start_all()?;
    let mut cargo = build::cargo("test");
    cargo
        .env("BC_BIN", binary)
        .env("BC_ORACLES", oracles)
        .envs(started.environment());
    let tally = root_tests("engines", &mut cargo);
    drop(started);
    tally
}

fn page() -> Result<Tally> {
    let binary = build::complete()?;
    let oracles = oracle::compile()?;
    let chromium = apt::which("chromium").context("chromium is gone from PATH")?;
    let mut npm = npm(&["test", "--silent"]);
    npm.env("BC_BIN", binary)
        .env("BC_ORACLES", oracles)
        .env("BC_CHROMIUM", chromium);
    let listened = step::listen("npm test", &mut npm)?;
    let tally = tally::of_node(&listened.stdout);
    agrees("npm test", listened.succeeded, &tally)?;
    Ok(tally)
}

/// Runs one test program of [`AS_ROOT`]. It is built as the unit kind's are, beside the release: with the
/// release's profile, the features that tests add would build everything once more, and another executable.
fn root_tests(name: &str, cargo: &mut Command) -> Result<Tally> {
    let arguments = ["--workspace", "--test", name, "--", "--test-threads=1"];
    run_cargo(&format!("cargo test --test {name}"), cargo.args(arguments))
}

fn npm(arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(tree::page());
    // One line a test, also where nobody watches.
    command.env("NODE_OPTIONS", "--test-reporter=spec");
    command
}

fn run_cargo(what: &str, command: &mut Command) -> Result<Tally> {
    // A panic's message and place say enough, and stay in sight.
    command.env("RUST_BACKTRACE", "0");
    let listened = step::listen(what, command)?;
    let tally = tally::of_cargo(&listened.stdout);
    agrees(what, listened.succeeded, &tally)?;
    Ok(tally)
}

/// A runner that failed without counting a failure did not run to its end: it did not build, or it died.
fn agrees(what: &str, succeeded: bool, tally: &Tally) -> Result<()> {
    if succeeded || tally.failed > 0 {
        return Ok(());
    }
    bail!("{what} failed without naming a test (it did not build, or died); its output is above")
}

/// The names of all integration tests in the workspace that the unit kind runs.
fn integration_tests() -> Result<Vec<String>> {
    let metadata = layers::metadata()?;
    let targets = |package: &Value| package["targets"].as_array().cloned().unwrap_or_default();
    let packages = metadata["packages"]
        .as_array()
        .context("reading `cargo metadata`: no packages")?;
    let mut names = Vec::new();
    for package in packages {
        for target in targets(package) {
            let is_test = target["kind"]
                .as_array()
                .is_some_and(|kinds| kinds.iter().any(|kind| kind == "test"));
            let name = target["name"].as_str().unwrap_or_default();
            if !is_test || (package["name"] == "bubble-chamber" && AS_ROOT.contains(&name)) {
                continue;
            }
            if AS_ROOT.contains(&name) {
                bail!(
                    "the test `{name}` of {} has the name of a kind that needs root; call it something else",
                    package["name"]
                );
            }
            names.push(name.to_owned());
        }
    }
    Ok(names)
}
