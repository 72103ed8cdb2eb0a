//! The API against its own description: schemathesis asks a real `up` whatever the description allows and forbids, with an admin's token, a
//! container's and none. No answer may be a 5xx, or anything that is not described.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::tally::{self, Tally};
use crate::engine::daemon::Daemon;
use crate::setup::schemathesis;
use crate::{build, step, tree};

/// From the start to the page's address; loading the kernel programs takes most of it.
const STARTS_WITHIN: Duration = Duration::from_secs(120);
/// What is recorded to be asked for.
const ID: &str = "asked-for";
const LOAD: &str = "for i in 1 2 3; do /bin/true; /bin/false; sleep 0.5; done";
/// What is looked at in every answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
                      response_headers_conformance";
/// For each of the three who ask, s.
const MAX_S: &str = "25";

/// A place for one run. Dropping it removes it.
struct Place {
    folder: PathBuf,
    binary: PathBuf,
}

impl Place {
    fn make(binary: PathBuf) -> Result<Self> {
        let folder = tree::target().join("api");
        let place = Self { folder, binary };
        place.clear();
        fs::create_dir_all(&place.folder)
            .with_context(|| format!("making {}", place.folder.display()))?;
        Ok(place)
    }

    fn clear(&self) {
        // It may not be there; what cannot be removed is told by making it anew.
        let _ = fs::remove_dir_all(&self.folder);
    }

    fn program(&self, role: &str) -> Command {
        let mut command = build::program(&self.binary);
        command
            .arg(role)
            .arg("--data")
            .arg(self.folder.join("data"));
        command
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Starts, records, and asks.
///
/// # Errors
/// Something did not start; not what schemathesis found, which is counted.
pub(super) fn run(binary: PathBuf) -> Result<Tally> {
    let place = Place::make(binary)?;
    let mut up = place.program("up");
    up.args(["--listen", "127.0.0.1:0", "--exclude", "*"]);
    let mut up = Daemon::start("up", &place.folder, &mut up)?;
    let mut link = None;
    let log = place.folder.join("up.log");
    up.until(STARTS_WITHIN, || {
        link = link_in(&fs::read_to_string(&log).unwrap_or_default());
        link.is_some()
    })?;
    let site = link.context("reading the page's address")?;
    let mut load = place.program("run");
    load.args(["--id", ID, "--", "sh", "-c", LOAD]);
    step::openly("bubble-chamber run (something to ask for)", &mut load)?;
    let admin =
        step::ask(place.program("token").arg("--admin")).context("asking for an admin's token")?;
    let own = step::ask(place.program("token").args(["--container", ID]))
        .context("asking for a container's token")?;
    let process = first_process(&site, admin.trim())?;

    let mut tally = Tally::default();
    for (who, token) in [
        ("an admin", &*admin),
        ("a container", &*own),
        ("nobody", ""),
    ] {
        let config = config(&place.folder, &process)?;
        let mut ask = Command::new(schemathesis::program());
        ask.arg("--config-file").arg(config);
        ask.args(["run", &format!("{site}/api/v1/openapi.json")]);
        ask.args(["--url", &format!("{site}/api/v1")]);
        if !token.is_empty() {
            ask.args(["-H", &format!("Authorization: token {}", token.trim())]);
        }
        // The stream has no end; live tests read it.
        ask.args(["--exclude-path", "/stream", "--checks", CHECKS]);
        ask.args(["--phases", "examples,coverage,fuzzing", "--seed", "1"]);
        ask.args([
            "--max-examples",
            "20",
            "--max-time",
            MAX_S,
            "--warnings",
            "off",
        ]);
        ask.args(["--continue-on-failure", "--no-color"]);
        ask.current_dir(&place.folder);
        let listened = step::listen(&format!("schemathesis as {who}"), &mut ask)?;
        let mut found = tally::of_schemathesis(&listened.stdout);
        if !listened.succeeded {
            // A failure that was not counted (it broke down) is one all the same.
            found.failed = found.failed.max(1);
        }
        tally += found;
    }
    Ok(tally)
}

/// The paths' parameters name something that is there: what is not is a short answer.
fn config(folder: &Path, process: &str) -> Result<PathBuf> {
    let file = folder.join("schemathesis.toml");
    let text = format!("[parameters]\n\"path.id\" = \"{ID}\"\n\"path.process\" = \"{process}\"\n");
    fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
    Ok(file)
}

fn first_process(site: &str, token: &str) -> Result<String> {
    let url = format!("{site}/api/v1/containers/{ID}/processes?limit=1");
    let header = format!("Authorization: token {token}");
    let answer = step::ask(Command::new("curl").args(["-sSf", "-H", &header, &url]))
        .with_context(|| format!("asking for {url}"))?;
    let answer: Value = serde_json::from_str(&answer).context("reading the list of processes")?;
    let id = answer["processes"][0]["id"].as_str();
    Ok(id.context("no process was recorded")?.to_owned())
}

/// `http://HOST:PORT` of the page, once its line is whole.
fn link_in(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("http://")?;
    let (address, rest) = rest.split_once('/')?;
    rest.contains('\n').then(|| format!("http://{address}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_once_its_line_is_whole() {
        assert_eq!(link_in("Recording.\n\n    http://127.0.0.1:4523/sta"), None);
        let log = "Recording.\n\n    http://127.0.0.1:4523/static/index.html?token=x\n";
        assert_eq!(link_in(log).as_deref(), Some("http://127.0.0.1:4523"));
    }
}
