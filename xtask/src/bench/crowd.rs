//! Processes to be sampled: `tests/oracles/crowd.c` under `bubble-chamber run`.

use std::time::Duration;

use anyhow::{Result, bail};
use clap::ValueEnum;
use serde::Serialize;

use super::ground::Ground;
use super::recorder::Recorder;
use crate::engine::daemon::Daemon;

/// How long thousands of processes may take to start, to be seen, or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the processes of a crowd do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mix {
    /// All of them sleep.
    Idle,
    /// Every second one sleeps, the others use 50 µs of CPU each second.
    Half,
    /// All of them use 50 µs of CPU each second.
    Busy,
}

impl Mix {
    /// For the report.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Mix::Idle => "all of them sleep",
            Mix::Half => "half of them sleep, the others use 50 µs of CPU each second",
            Mix::Busy => "each uses 50 µs of CPU each second",
        }
    }

    /// How many of so many processes are busy. The one that holds a crowd together never is.
    fn busy(self, processes: u64) -> u64 {
        match self {
            Mix::Idle => 0,
            Mix::Half => processes / 2,
            Mix::Busy => processes - 1,
        }
    }
}

/// A crowd that stands, and is known to the recorder.
pub(super) struct Crowd<'a> {
    daemon: Option<Daemon>,
    recorder: &'a Recorder,
}

impl<'a> Crowd<'a> {
    /// Gathers so many processes; none is a crowd, too.
    ///
    /// # Errors
    /// They did not come to stand, or the recorder does not see all of them.
    pub(super) fn gather(
        ground: &Ground,
        recorder: &'a Recorder,
        processes: u64,
        mix: Mix,
    ) -> Result<Self> {
        let mut crowd = Self {
            daemon: None,
            recorder,
        };
        if processes > 0 {
            let (asked, busy) = (processes.to_string(), mix.busy(processes).to_string());
            let mut run = ground.run(
                &format!("crowd-{processes}"),
                &[&ground.oracle("crowd"), &asked, &busy],
            );
            let daemon = crowd
                .daemon
                .insert(Daemon::start("crowd", ground.folder(), &mut run)?);
            let log = ground.folder().join("crowd.log");
            daemon.until(PATIENCE, || {
                std::fs::read_to_string(&log)
                    .is_ok_and(|said| said.contains("{\"oracle\":\"crowd\""))
            })?;
        }
        let says = recorder.until(PATIENCE, |says| says.processes >= processes)?;
        if says.processes > processes {
            bail!(
                "the recorder knows {} processes where {processes} were started: something else is recorded, too",
                says.processes
            );
        }
        // What comes with their beginning, facts to be stored above all, is no part of sampling.
        recorder.until(PATIENCE, |now| now.samples >= says.samples + 3)?;
        Ok(crowd)
    }

    /// Lets them go, and waits until the recorder knows that they have gone.
    ///
    /// # Errors
    /// They did not go.
    pub(super) fn disperse(mut self) -> Result<()> {
        drop(self.daemon.take());
        let says = self.recorder.until(PATIENCE, |says| says.processes == 0)?;
        self.recorder
            .until(PATIENCE, |now| now.samples >= says.samples + 2)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_tells_how_many_are_busy() {
        let busy = |mix: Mix| [1, 100, 5_000].map(|processes| mix.busy(processes));
        assert_eq!(busy(Mix::Idle), [0, 0, 0]);
        assert_eq!(busy(Mix::Half), [0, 50, 2_500]);
        assert_eq!(busy(Mix::Busy), [0, 99, 4_999]);
    }
}
