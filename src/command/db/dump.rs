//! `db dump`: what is recorded of a container, line by line on standard output.

use std::io::{BufWriter, ErrorKind, Write};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::Context;
use bc_schema::{ContainerId, Resolution};
use bc_store::SqliteReader;
use clap::Args;

use crate::command::{Shared, token};
use crate::data_dir::DataDir;
use crate::dump::{self, Ask, Format, What};
use crate::report;
use crate::settings::Layer;

/// Write out what is recorded of a container, one record a line
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Dump {
    /// Which container or job: its id, or the first 12 characters of a 64-digit one
    #[arg(long, value_name = "ID", value_parser = token::id)]
    container: Option<ContainerId>,

    /// What of it
    #[arg(long, value_enum, default_value = "usage")]
    what: What,

    /// How finely usage, and CPU time by core, is told: s, m, h or d (seconds are kept an hour, minutes two days, hours 120 days, days for ever) [default: m]
    #[arg(long, value_name = "s|m|h|d")]
    resolution: Option<Resolution>,

    /// In which form
    #[arg(long, value_enum, default_value = "json")]
    format: Format,

    /// From when on: 2026-11-22T20:00:00Z, or seconds since 1970
    #[arg(long, value_name = "TIME", value_parser = instant_ns)]
    from: Option<u64>,

    /// Until when
    #[arg(long, value_name = "TIME", value_parser = instant_ns)]
    to: Option<u64>,

    #[command(flatten)]
    shared: Shared,
}

/// As the parser of the command line ends.
const WRONG_COMMAND_LINE: u8 = 2;

const EXAMPLES: &str = "\
Times are in ns since 1970, UTC; sizes in bytes. `null` (in CSV: nothing) is what is not known, which is not 0. A line of usage is what a process \
used since its sample before, span_ns earlier; a line of cpus is what it used on one CPU, and is there only where it used any. `process` is the \
same in usage, cpus, processes and execs. It can run beside a running `up`, whose \
records it does not hold up.

Examples:
  bubble-chamber db dump --what lives | jq -r .container
      which containers there are
  bubble-chamber db dump --container job_12 --format csv > job_12.csv
      what each of its processes used in each minute
  bubble-chamber db dump --container job_12 --resolution s --from 2026-11-22T20:00:00Z --to 2026-11-22T20:05:00Z
      five minutes, second by second
  bubble-chamber db dump --container job_12 --what cpus --resolution h | jq -s 'group_by(.cpu) | map({cpu: .[0].cpu, cpu_ns: map(.cpu_ns) | add})'
      what it used of each CPU
  bubble-chamber db dump --container job_12 --what processes | jq -s 'map({pid, name, cpu_ns}) | sort_by(-.cpu_ns)[:10]'
      its ten costliest processes";

impl Dump {
    /// What options do not go together, in words.
    fn wrong(&self) -> Option<&'static str> {
        if self.container.is_none() && self.what != What::Lives {
            return Some(dump::OF_WHICH);
        }
        if self.resolution.is_some() && !matches!(self.what, What::Usage | What::Cpus) {
            return Some("--resolution is for --what usage and --what cpus");
        }
        if self.from.zip(self.to).is_some_and(|(from, to)| from >= to) {
            return Some("--from is not before --to");
        }
        None
    }

    pub(super) fn execute(self) -> anyhow::Result<ExitCode> {
        if let Some(wrong) = self.wrong() {
            report::say(wrong);
            return Ok(ExitCode::from(WRONG_COMMAND_LINE));
        }
        let settings = self.shared.settings(Layer::default(), "warn")?;
        let ask = Ask {
            container: self.container,
            what: self.what,
            resolution: self.resolution.unwrap_or(Resolution::Minute),
            range: (self.from, self.to),
            format: self.format,
            retention: settings.retention,
        };
        let store = SqliteReader::open(&DataDir::at(&settings.data).database())?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .context("cannot start the thread that reads")?;
        let mut out = BufWriter::new(std::io::stdout());
        let written = runtime.block_on(dump::dump(&store, &ask, &mut out));
        match written.and_then(|()| Ok(out.flush()?)) {
            // A reader that went away has what it wanted.
            Err(error) if is_broken_pipe(&error) => {
                // What is left in the buffer has nowhere to go.
                let _ = out.into_parts();
                Ok(ExitCode::SUCCESS)
            }
            written => written.map(|()| ExitCode::SUCCESS),
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

fn instant_ns(text: &str) -> Result<u64, String> {
    if let Ok(seconds) = text.parse::<u64>() {
        return seconds
            .checked_mul(1_000_000_000)
            .ok_or_else(|| "that is beyond the year 2554".to_owned());
    }
    let instant = humantime::parse_rfc3339_weak(text).map_err(|_| {
        "a time is 2026-11-22T20:00:00Z (UTC), or a number of seconds since 1970".to_owned()
    })?;
    instant
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()
        .and_then(|since| u64::try_from(since.as_nanos()).ok())
        .ok_or_else(|| "that is before 1970 or beyond the year 2554".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_as_people_and_programs_write_them() {
        assert_eq!(instant_ns("1795377600"), Ok(1_795_377_600_000_000_000));
        for text in ["2026-11-22T20:00:00Z", "2026-11-22 20:00:00"] {
            assert_eq!(instant_ns(text), Ok(1_795_377_600_000_000_000), "{text}");
        }
        for text in ["", "now", "-5", "2026-13-01T00:00:00Z", "99999999999999"] {
            assert!(instant_ns(text).is_err(), "{text}");
        }
    }
}
