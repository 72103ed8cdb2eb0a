//! The command line, and the names the program answers to. What a command does is its own file's.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{CommandFactory, FromArgMatches, Parser};

use crate::command::Command;
use crate::report;

/// Record every process that your containers and jobs run, and what each one costs.
#[derive(Debug, Parser)]
#[command(name = "bubble-chamber", version, long_version = LONG_VERSION.as_str(), max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  sudo bubble-chamber up
      record this machine's containers and jobs, and print the page's address
  sudo bubble-chamber run -- ./pipeline.sh
      record one command, and exit as it does
  sudo bubble-chamber token --container job_12 --for 2d
      print a token that opens one container's page

Each command says more with --help.";

/// What this executable holds is worth knowing before it refuses to record.
static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    let is_there = |embedded| if embedded { "embedded" } else { "missing" };
    format!(
        "{}\nkernel programs: {}\npage: {}",
        env!("CARGO_PKG_VERSION"),
        is_there(bc_recorder::embedded()),
        is_there(bc_web::page_embedded())
    )
});

/// Reads this process's command line; ends the process where it is wrong, or asked only for help.
pub(crate) fn parse() -> Cli {
    let words = with_role(std::env::args_os());
    let matches = Cli::command().get_matches_from(words);
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

impl Cli {
    /// Does what was asked.
    pub(crate) fn execute(self) -> ExitCode {
        report::exit_code(self.command.execute())
    }
}

/// Called as `bc-db` or `bc_db`, the program is its role `db`.
fn with_role(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<_> = words.into_iter().collect();
    if let Some(role) = words.first().and_then(|name| role(name)) {
        words.insert(1, role.into());
    }
    words
}

fn role(name: &OsStr) -> Option<String> {
    let name = Path::new(name).file_name()?.to_str()?;
    let role = name
        .strip_prefix("bc-")
        .or_else(|| name.strip_prefix("bc_"))?;
    Some(role.replace('_', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn it_answers_to_the_names_of_its_roles() {
        let words = |line: &str| with_role(line.split(' ').map(OsString::from));
        assert_eq!(words("/usr/bin/bc_db init")[1..], ["db", "init"]);
        assert_eq!(words("bc-db upgrade")[1..], ["db", "upgrade"]);
        assert_eq!(words("bubble-chamber db init")[1..], ["db", "init"]);
        assert_eq!(words("./bubble-chamber --help")[1..], ["--help"]);
    }
}
