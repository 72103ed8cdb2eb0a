//! An attempt at recording on this machine: everything is loaded, attached, walked and pinned for a moment, as a recorder would. What is made of the
//! outcome is `crate::probe`'s business.

use bc_abi::Layout;

use super::btf::KernelTypes;
use super::load::TRACEPOINTS;
use super::{KernelError, Options, layout, path_mode, pins, start};
use crate::clock::Clock;

/// What came of it.
pub(crate) struct Trial {
    /// Where this kernel keeps its fields, and how it lets us read; `None` where it is not one we record on.
    pub(crate) layout: Option<Layout>,
    /// The tracepoints that this kernel does not have.
    pub(crate) absent_hooks: Vec<&'static str>,
    /// Whether CPU time by core was asked for.
    pub(crate) cores: bool,
    /// Whether all tasks were walked in one call.
    pub(crate) swept: bool,
    /// Whether programs and maps were loaded, attached and read.
    pub(crate) started: Result<(), KernelError>,
    /// Whether they could be pinned, and in words why not; `None` where there was nothing to pin.
    pub(crate) pinned: Option<Result<(), String>>,
}

/// Tries. Nothing is watched, and nothing is left behind, even if this process is killed.
pub(crate) fn attempt(options: Options<'_>) -> Trial {
    let looked = look();
    let (mut swept, mut pinned) = (false, None);
    let started = start(Options {
        pins: None,
        ..options
    })
    .and_then(|mut kernel| {
        let utc_s = Clock::new().now_ns() / 1_000_000_000;
        // By the iterator, and then as most walks go here.
        kernel.walk(true, utc_s, |_| ())?;
        kernel.walk(false, utc_s, |_| ())?;
        swept = kernel.sweeps();
        pinned = Some(pins::attempt(&kernel.attached).map_err(|error| error.to_string()));
        Ok(())
    });
    let (layout, absent_hooks) = looked.map_or((None, Vec::new()), |(layout, absent)| {
        (Some(layout), absent)
    });
    Trial {
        layout,
        absent_hooks,
        cores: options.cores,
        swept,
        started,
        pinned,
    }
}

fn look() -> Result<(Layout, Vec<&'static str>), KernelError> {
    let types = KernelTypes::open()?;
    let mut layout = layout::fill(&types)?;
    path_mode::choose(&types, &mut layout, &mut [])?;
    let mut absent = Vec::new();
    for (_, hook) in TRACEPOINTS {
        if types.tracepoint_arguments(hook)?.is_none() {
            absent.push(hook);
        }
    }
    Ok((layout, absent))
}
