//! Running other programs as steps that a person can follow: what runs, why, how long it takes, and its
//! last words when it fails. Which programs, and in what order, is the caller's business.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{interrupt, tree};

/// How many lines of a failed step's output are shown.
const LAST_WORDS: usize = 40;

/// How much of one line of a listened command is shown, characters.
const MOST_SHOWN: usize = 4_000;

/// Says what happens next.
pub(crate) fn say(line: &str) {
    eprintln!("==> {line}");
}

/// Runs a command whose output matters only when it fails; meanwhile shows the time and its latest line.
///
/// # Errors
/// The command could not be started or failed: with the end of its output and where the rest is.
pub(crate) fn quietly(what: &str, command: &mut Command) -> Result<()> {
    interrupt::check()?;
    say(what);
    let log = tree::logs().join(format!("{}.log", file_name(what)));
    std::fs::create_dir_all(tree::logs())
        .with_context(|| format!("making {}", tree::logs().display()))?;
    let out = File::create(&log).with_context(|| format!("making {}", log.display()))?;
    let err = out.try_clone().context("sharing the log file")?;
    let began = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .process_group(0)
        .spawn()
        .with_context(|| format!("starting {}", program(command)))?;

    let (ended, ticker_ends) = mpsc::channel::<()>();
    let watched = log.clone();
    let ticker = std::thread::spawn(move || tick(began, &watched, &ticker_ends));
    let status = interrupt::wait(&mut child);
    drop(ended);
    let _ = ticker.join();
    let status = status.with_context(|| format!("waiting for {}", program(command)))?;
    interrupt::check()?;
    if !status.success() {
        eprintln!("{}", last_lines(&log, LAST_WORDS));
        bail!(
            "{what}: {} ended with {status}; all it said is in {}",
            program(command),
            log.display()
        );
    }
    eprintln!("    done in {}", elapsed(began));
    Ok(())
}

/// Runs a command that shows its own progress, on the terminal.
///
/// # Errors
/// The command could not be started or failed.
pub(crate) fn openly(what: &str, command: &mut Command) -> Result<()> {
    interrupt::check()?;
    say(what);
    let began = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .with_context(|| format!("starting {}", program(command)))?;
    let status =
        interrupt::wait(&mut child).with_context(|| format!("waiting for {}", program(command)))?;
    interrupt::check()?;
    if !status.success() {
        bail!("{what}: {} ended with {status}", program(command));
    }
    eprintln!("    done in {}", elapsed(began));
    Ok(())
}

/// What a test runner left behind.
pub(crate) struct Listened {
    /// It ended with exit code 0.
    pub(crate) succeeded: bool,
    /// What it wrote to standard output.
    pub(crate) stdout: String,
}

/// Runs a command on the terminal and keeps a copy of its standard output, to count in.
///
/// # Errors
/// The command could not be started; not that it failed.
pub(crate) fn listen(what: &str, command: &mut Command) -> Result<Listened> {
    interrupt::check()?;
    say(what);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .with_context(|| format!("starting {}", program(command)))?;
    interrupt::follow(&child);
    let mut stdout = String::new();
    if let Some(pipe) = child.stdout.take() {
        let mut lines = BufReader::new(pipe);
        let mut line = Vec::new();
        while lines
            .read_until(b'\n', &mut line)
            .context("reading its output")?
            > 0
        {
            let text = String::from_utf8_lossy(&line);
            print!("{}", shortened(&text));
            std::io::stdout()
                .flush()
                .context("writing to standard output")?;
            stdout.push_str(&text);
            line.clear();
        }
    }
    let status =
        interrupt::wait(&mut child).with_context(|| format!("waiting for {}", program(command)))?;
    interrupt::check()?;
    Ok(Listened {
        succeeded: status.success(),
        stdout,
    })
}

/// A line as it is shown: what a test prints of a thousand processes would hide all else.
fn shortened(line: &str) -> String {
    match line.char_indices().nth(MOST_SHOWN) {
        None => line.to_owned(),
        Some((at, _)) => format!("{} … ({} bytes more)\n", &line[..at], line.len() - at),
    }
}

/// A command's standard output, or `None` when it is not there or fails: for asking what is installed.
pub(crate) fn ask(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The end of a file, for error messages.
pub(crate) fn last_lines(file: &Path, count: usize) -> String {
    let Ok(bytes) = std::fs::read(file) else {
        return format!("(nothing in {})", file.display());
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// A span of time for people.
pub(crate) fn elapsed(since: Instant) -> String {
    let seconds = since.elapsed().as_secs();
    if seconds < 60 {
        format!("{seconds} s")
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

/// Shows that a quiet step is alive: rewriting one line on a terminal, a line now and then elsewhere.
fn tick(began: Instant, log: &Path, ended: &mpsc::Receiver<()>) {
    let terminal = std::io::stderr().is_terminal();
    let pace = Duration::from_secs(if terminal { 1 } else { 20 });
    while ended.recv_timeout(pace) == Err(mpsc::RecvTimeoutError::Timeout) {
        let latest: String = last_lines(log, 1)
            .chars()
            .filter(|c| !c.is_control())
            .take(70)
            .collect();
        if terminal {
            eprint!("\r\x1b[K    {} … {latest}", elapsed(began));
        } else {
            eprintln!("    {} … {latest}", elapsed(began));
        }
    }
    if terminal {
        eprint!("\r\x1b[K");
    }
}

fn program(command: &Command) -> String {
    let path = Path::new(command.get_program());
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn file_name(what: &str) -> String {
    what.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(60)
        .collect()
}
