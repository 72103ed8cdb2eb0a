//! Which processes of a container are meant, each looked at by itself.

use bc_schema::store::ProcessRecord;
use bc_schema::{ProcessEnd, ProcessId, TimeRange};

use crate::parameters::{Asked, Parameters};
use crate::problem::Problem;

/// How it goes, or went, with a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Running,
    Ended,
    Failed,
}

/// Whose child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parent {
    /// Of this process.
    Of(ProcessId),
    /// Of none that was recorded here.
    Unknown,
}

/// What a process has to be.
#[derive(Debug)]
pub(super) struct Filter {
    range: TimeRange,
    search: Option<String>,
    fate: Option<Fate>,
    parent: Option<Parent>,
    uid: Option<u32>,
    host: Option<String>,
    signal: Option<u8>,
    oom_killed: Option<bool>,
}

impl Asked for Filter {
    fn read(parameters: &Parameters) -> Result<Self, Problem> {
        let (from_ns, to_ns) = parameters.range_ns()?;
        let fates = [
            ("running", Fate::Running),
            ("ended", Fate::Ended),
            ("failed", Fate::Failed),
        ];
        Ok(Self {
            range: TimeRange {
                from_ns: from_ns.unwrap_or(0),
                to_ns: to_ns.unwrap_or(u64::MAX),
            },
            search: parameters
                .text("q", "Pid, name, program or arguments contain this, letter case aside.")?
                .map(str::to_lowercase),
            fate: parameters.choice(
                "state",
                "Not known to have ended; ended; ended by a signal, the OOM killer or with an exit code other than 0.",
                &fates,
            )?,
            parent: parameters.parsed(
                "parent",
                "Children of this process, or (`none`) those whose parent was not recorded here: a tree, level by level.",
                Some("^([0-9a-f]{32}|none)$"),
                "an id of 32 hexadecimal digits, or `none`",
                |text| match text {
                    "none" => Some(Parent::Unknown),
                    id => id.parse().ok().map(Parent::Of),
                },
            )?,
            uid: parameters
                .whole("uid", "Real user id on the host.", 0..=u64::from(u32::MAX))?
                .map(|uid| uid as u32),
            host: parameters.text("host", "Ran on this host.")?.map(str::to_owned),
            signal: parameters
                .whole("signal", "Ended by the signal of this number.", 1..=127)?
                .map(|signal| signal as u8),
            oom_killed: parameters.choice(
                "oom_killed",
                "The OOM killer chose it, or did not.",
                &[("true", true), ("false", false)],
            )?,
        })
    }
}

impl Filter {
    /// Whether a process is meant. `recorded` says whether one of an id was recorded in the same container.
    pub(super) fn fits(
        &self,
        process: &ProcessRecord,
        recorded: impl Fn(ProcessId) -> bool,
    ) -> bool {
        let end = process.end.as_ref();
        let start = &process.start;
        let fate = |fate| match fate {
            Fate::Running => end.is_none(),
            Fate::Ended => end.is_some(),
            Fate::Failed => end.is_some_and(ProcessEnd::failed),
        };
        let parent = |parent| match parent {
            Parent::Of(id) => start.parent == Some(id),
            Parent::Unknown => !start.parent.is_some_and(&recorded),
        };
        lived_in(process, self.range)
            && self.fate.is_none_or(fate)
            && self.parent.is_none_or(parent)
            && self.uid.is_none_or(|uid| start.uid == Some(uid))
            && self
                .host
                .as_ref()
                .is_none_or(|host| start.life.host == *host)
            && self
                .signal
                .is_none_or(|signal| end.and_then(|end| end.signal) == Some(signal))
            && self
                .oom_killed
                .is_none_or(|oom| end.is_some_and(|end| end.oom_killed) == oom)
            && self
                .search
                .as_ref()
                .is_none_or(|search| mentions(process, search))
    }
}

fn lived_in(process: &ProcessRecord, range: TimeRange) -> bool {
    process.start.entered_ns < range.to_ns
        && process
            .end
            .as_ref()
            .is_none_or(|end| end.at_ns >= range.from_ns)
}

/// Whether pid, name, program or arguments contain `search`, letter case aside.
fn mentions(process: &ProcessRecord, search: &str) -> bool {
    let says = |text: &str| text.to_lowercase().contains(search);
    process.start.pid.to_string().contains(search)
        || says(&process.start.name)
        || process.execs.iter().any(|exec| {
            says(&exec.name)
                || exec.exe.as_deref().is_some_and(says)
                || exec
                    .args
                    .as_ref()
                    .is_some_and(|args| args.iter().any(|arg| says(arg)) || says(&args.join(" ")))
        })
}
