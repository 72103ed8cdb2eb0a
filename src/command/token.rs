//! `token`: prints a token that opens a page, and nothing else.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use bc_schema::ContainerId;
use bc_web::Secret;
use bc_web::token::{Subject, mint, parse_duration};
use clap::{ArgGroup, Args};

use super::Shared;
use crate::control::client::{Client, senseless};
use crate::control::{Answer, Ask, address};
use crate::data_dir::DataDir;
use crate::report;
use crate::settings::{Layer, Settings};

/// Print a token that opens a container's page, or every page
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("subject").required(true)), after_help = EXAMPLES)]
pub(crate) struct Token {
    /// For the page of this container or job
    #[arg(long, value_name = "ID", group = "subject", value_parser = id)]
    container: Option<ContainerId>,

    /// For every page
    #[arg(long, group = "subject")]
    admin: bool,

    /// How long it is good for: 90s, 30m, 12h, 2d
    #[arg(long = "for", value_name = "TIME", default_value = "1d", value_parser = parse_duration)]
    good_for: Duration,

    #[command(flatten)]
    shared: Shared,
}

const EXAMPLES: &str = "\
It is signed with AUTH_SECRET, or auth.secret of the configuration file, or the secret that `up` made in the data directory. \
For a run of theirs, any user is given one by a running `up`, for 7 days at most. It goes into a link, or into a header `Authorization: Bearer TOKEN`.

Examples:
  bubble-chamber token --container job_12 --for 2d
  xdg-open \"http://127.0.0.1:5000/static/index.html?token=$(sudo bubble-chamber token --admin)\"";

impl Token {
    pub(super) fn execute(mut self) -> anyhow::Result<ExitCode> {
        let settings = std::mem::take(&mut self.shared).settings(Layer::default(), "warn")?;
        let secret = match settings.secret.clone() {
            Some(secret) => Ok(secret),
            None => secret_of(&settings),
        };
        let secret = match (secret, &self.container) {
            (Ok(secret), _) => secret,
            // Who may not read it can ask the `up` for what is theirs.
            (Err(error), Some(id)) => {
                let token = self.of_the_up(id, &settings)?.ok_or(error)?;
                report::answer(token)?;
                return Ok(ExitCode::SUCCESS);
            }
            (Err(error), None) => return Err(error),
        };
        let subject = self.container.map_or(Subject::Admin, Subject::Container);
        report::answer(mint(secret.expose(), subject, self.good_for))?;
        Ok(ExitCode::SUCCESS)
    }

    /// What an `up` gives this user for a run of theirs; `None` where there is no `up`.
    fn of_the_up(&self, id: &ContainerId, settings: &Settings) -> anyhow::Result<Option<String>> {
        let up = Client::at(&address::of(&settings.data));
        if !up.answers()? {
            return Ok(None);
        }
        let ask = Ask::Token {
            id: id.to_string(),
            good_for_s: self.good_for.as_secs(),
        };
        match up.ask(&ask)? {
            Answer::Token { token } => Ok(Some(token)),
            other => senseless(&other),
        }
    }
}

fn secret_of(settings: &Settings) -> anyhow::Result<Secret> {
    let data = DataDir::at(&settings.data);
    data.secret()?.with_context(|| {
        format!(
            "the data directory {} has no secret yet: start `bubble-chamber up` with it once, or name another with --data",
            data.path().display()
        )
    })
}

/// An id as it is typed.
pub(super) fn id(text: &str) -> Result<ContainerId, String> {
    ContainerId::new(text).ok_or_else(|| {
        format!(
            "an id has 1 to {} bytes and no control characters",
            ContainerId::MAX
        )
    })
}
