//! What `run` says when its command has ended.

use std::fmt;

use bc_recorder::Finished;
use bc_schema::ContainerId;

use super::recorder::Recorder;
use super::watch::Ended;

/// One sentence.
pub(crate) struct Summary<'a> {
    /// What it was called.
    pub(crate) id: &'a ContainerId,
    /// How the command ended.
    pub(crate) ended: Ended,
    /// What was recorded of it.
    pub(crate) finished: &'a Finished,
    /// By whom.
    pub(crate) recorded: Recorded,
}

/// Who recorded, which decides what becomes of those that live on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// An `up`, which goes on.
    ByUp,
    /// An `up`, since it took over; which goes on.
    ByUpInTheEnd,
    /// A process that ends with the command.
    Alone,
}

impl From<&Recorder> for Recorded {
    fn from(recorder: &Recorder) -> Self {
        match recorder {
            Recorder::Joined(_) => Self::ByUp,
            Recorder::TakenOver(..) => Self::ByUpInTheEnd,
            Recorder::Own(_) => Self::Alone,
        }
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finished {
            processes,
            open_processes: open,
            failed,
            oom_killed,
            cpu_ns,
        } = *self.finished;
        write!(f, "{} {}; ", self.id, self.ended)?;
        if processes == 0 {
            return f.write_str(match self.recorded {
                Recorded::ByUpInTheEnd => {
                    "it ended while an `up` took over: how its last processes ended was not seen"
                }
                _ => "nothing of it was recorded: its recorder was started anew meanwhile",
            });
        }
        let plural = if processes == 1 {
            "process"
        } else {
            "processes"
        };
        let since = match self.recorded {
            Recorded::ByUpInTheEnd => " since an `up` took over",
            _ => "",
        };
        write!(f, "{processes} {plural}{since}")?;
        match oom_killed {
            _ if failed == 0 => {}
            0 => write!(f, " ({failed} failed)")?,
            all if all == failed => write!(f, " ({failed} failed, out of memory)")?,
            some => write!(f, " ({failed} failed, {some} of them out of memory)")?,
        }
        write!(f, ", {:.3} s of CPU", cpu_ns as f64 / 1e9)?;
        match self.recorded {
            _ if open == 0 => Ok(()),
            Recorded::Alone => write!(
                f,
                "; {open} of them still live and are no longer recorded (under an `up` they would be)"
            ),
            _ => write!(f, "; {open} of them still live and stay recorded"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(ended: Ended, finished: Finished, recorded: Recorded) -> String {
        let id = ContainerId::new("nightly").unwrap();
        Summary {
            id: &id,
            ended,
            finished: &finished,
            recorded,
        }
        .to_string()
    }

    fn twelve() -> Finished {
        Finished {
            processes: 12,
            cpu_ns: 1_234_567_890,
            ..Finished::default()
        }
    }

    #[test]
    fn it_tells_what_was_left_behind() {
        assert_eq!(
            said(Ended::Exited(0), twelve(), Recorded::Alone),
            "nightly exited with 0; 12 processes, 1.235 s of CPU"
        );
        let left = |recorded| {
            let finished = Finished {
                open_processes: 2,
                ..twelve()
            };
            said(Ended::Exited(0), finished, recorded)
        };
        assert!(left(Recorded::ByUp).ends_with("2 of them still live and stay recorded"));
        assert!(left(Recorded::Alone).contains("no longer recorded"));
        let over = said(Ended::Exited(0), twelve(), Recorded::ByUpInTheEnd);
        assert!(over.contains("12 processes since an `up` took over, "));
    }

    #[test]
    fn it_tells_how_many_failed_and_that_memory_ran_out() {
        let failed = |failed, oom_killed| {
            let finished = Finished {
                failed,
                oom_killed,
                ..twelve()
            };
            let told = said(Ended::Exited(3), finished, Recorded::ByUp);
            told.split_once("; ").unwrap().1.to_owned()
        };
        assert_eq!(failed(2, 0), "12 processes (2 failed), 1.235 s of CPU");
        assert_eq!(
            failed(2, 1),
            "12 processes (2 failed, 1 of them out of memory), 1.235 s of CPU"
        );
        assert_eq!(
            failed(1, 1),
            "12 processes (1 failed, out of memory), 1.235 s of CPU"
        );
    }
}
