//! What each kind of work needs on this machine, installed by name where it is missing. Every step looks
//! first and is skipped when its result is there; builds nothing of ours.

pub(crate) mod apt;
pub(crate) mod engines;
pub(crate) mod kernel;
pub(crate) mod page;
pub(crate) mod schemathesis;

use anyhow::Result;

use crate::test::Kind;

/// What `setup` is told.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Kinds of tests to set up for; without any: for building and for all tests.
    kinds: Vec<Kind>,
}

/// `cargo xtask setup`.
///
/// # Errors
/// As [`ensure`].
pub(crate) fn run(options: &Options) -> Result<()> {
    let all = <Kind as clap::ValueEnum>::value_variants();
    let kinds = if options.kinds.is_empty() {
        all
    } else {
        &options.kinds
    };
    let mut needs: Vec<Need> = kinds
        .iter()
        .flat_map(|kind| kind.needs())
        .copied()
        .collect();
    if options.kinds.is_empty() {
        needs.extend(BUILD);
    }
    needs.sort_unstable();
    needs.dedup();
    ensure(&needs)?;
    crate::step::say("everything needed is there");
    Ok(())
}

/// A thing that can be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// A C compiler: SQLite is built from source, the tests' oracles are C.
    Compiler,
    /// The toolchain of the kernel programs.
    Kernel,
    /// Node and the page's packages.
    Page,
    /// Chromium, to drive the page.
    Browser,
    /// Docker, Podman, containerd and Slurm.
    Engines,
    /// Schemathesis, to ask the API.
    Schemathesis,
    /// QEMU, and what its guests consist of.
    Guests,
}

/// Everything that building the executable takes.
pub(crate) const BUILD: [Need; 3] = [Need::Compiler, Need::Kernel, Need::Page];

/// Makes sure that all of these are there.
///
/// # Errors
/// The first that could not be had, and how to get it by hand.
pub(crate) fn ensure(needs: &[Need]) -> Result<()> {
    for need in needs {
        match need {
            Need::Compiler => apt::unless_command(
                "cc",
                "a C compiler for SQLite and the tests' oracles",
                &["gcc", "libc6-dev"],
            )?,
            Need::Kernel => kernel::ensure()?,
            Need::Page => page::ensure()?,
            Need::Browser => {
                apt::unless_command("chromium", "a browser to test the page in", &["chromium"])?
            }
            Need::Engines => engines::ensure()?,
            Need::Schemathesis => {
                apt::unless_command("curl", "curl, to ask the API", &["curl"])?;
                schemathesis::ensure()?;
            }
            Need::Guests => {
                apt::install(
                    "QEMU, to boot guests with other kernels",
                    &["qemu-system-x86"],
                )?;
                apt::install("a shell for guests", &["busybox-static"])?;
                apt::install(
                    "Debian's keys, to check the kernels of guests by",
                    &["debian-archive-keyring"],
                )?;
            }
        }
    }
    Ok(())
}
