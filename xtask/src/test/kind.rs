//! The kinds of tests: what each is for and what it needs to be there. How they run is in `runner`.

use crate::setup::Need;

/// A kind of test, in the order in which all of them run: the cheapest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// Formatting, as rustfmt wants it.
    Fmt,
    /// House rules.
    Tidy,
    /// Which package may know which, and which crate may stand where.
    Layering,
    /// Clippy on everything, warnings are errors.
    Clippy,
    /// The page's types and lints.
    PageLint,
    /// What needs neither root nor a real kernel, in Rust and in the page.
    Unit,
    /// The real kernel, as root: oracles against records.
    Live,
    /// What breaks: kills, full and read-only disks.
    Faults,
    /// Other kernels, in guests.
    Kernels,
    /// Real engines: Docker, Podman, Slurm.
    Engines,
    /// The page in Chromium.
    Page,
    /// The API against its description, by schemathesis.
    Api,
}

impl Kind {
    /// The name on the command line and in the summary.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Fmt => "fmt",
            Kind::Tidy => "tidy",
            Kind::Layering => "layering",
            Kind::Clippy => "clippy",
            Kind::PageLint => "page-lint",
            Kind::Unit => "unit",
            Kind::Live => "live",
            Kind::Faults => "faults",
            Kind::Kernels => "kernels",
            Kind::Engines => "engines",
            Kind::Page => "page",
            Kind::Api => "api",
        }
    }

    /// It counts tests; the others are checks that hold or do not.
    pub(crate) fn counts_tests(self) -> bool {
        matches!(
            self,
            Kind::Unit
                | Kind::Live
                | Kind::Faults
                | Kind::Kernels
                | Kind::Engines
                | Kind::Page
                | Kind::Api
        )
    }

    /// It loads programs into the kernel, or mounts file systems.
    pub(crate) fn as_root(self) -> bool {
        matches!(
            self,
            Kind::Live | Kind::Faults | Kind::Engines | Kind::Page | Kind::Api
        )
    }

    /// What has to be set up for it.
    pub(crate) fn needs(self) -> &'static [Need] {
        match self {
            Kind::Fmt | Kind::Tidy | Kind::Layering => &[],
            Kind::PageLint => &[Need::Page],
            Kind::Clippy | Kind::Unit => &[Need::Compiler, Need::Page],
            Kind::Live | Kind::Faults => &[Need::Compiler, Need::Kernel, Need::Page],
            Kind::Kernels => &[Need::Compiler, Need::Kernel, Need::Page, Need::Guests],
            Kind::Engines => &[Need::Compiler, Need::Kernel, Need::Page, Need::Engines],
            Kind::Page => &[Need::Compiler, Need::Kernel, Need::Page, Need::Browser],
            Kind::Api => &[Need::Compiler, Need::Kernel, Need::Page, Need::Schemathesis],
        }
    }
}
