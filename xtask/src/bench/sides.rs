//! A load that is run again and again: with no recorder on the machine, beside one that does not watch it, and recorded. What the load is,
//! is said by who measures; how it is written down is in the file below.

mod report;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::Report;
use super::cgroup::Cgroup;
use super::empty::Empty;
use super::ground::Ground;
use super::machine::Machine;
use super::programs::{self, Counting, Runs};
use super::quantity;
use super::recorder::{Losses, Recorder};
use crate::{interrupt, step};

/// How long the recorder may take to know that all is over.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is run, and what one piece of it is called.
pub(super) struct Load {
    /// The report's place in docs/benchmarks.md.
    pub(super) name: &'static str,
    /// The load program of `tests/oracles` and its arguments.
    pub(super) words: Vec<String>,
    /// What it does, for the report.
    pub(super) does: String,
    /// What is done over and over: one, and many.
    pub(super) piece: [&'static str; 2],
    /// How often, in each turn.
    pub(super) pieces: u64,
    /// How many turns each side has.
    pub(super) rounds: u64,
    /// The tracepoint whose program is nearly all of what recording costs, if there is one: an empty program there has turns of its own.
    pub(super) hook: Option<&'static str>,
}

/// Under what the load runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// No recorder on the machine.
    Off,
    /// No recorder, but an empty program at the hook.
    Empty,
    /// A recorder that watches other cgroups.
    Beside,
    /// Recorded.
    On,
}

/// What the load program counted in one turn.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
struct Turn {
    elapsed_ns: u64,
    self_cpu_ns: u64,
    children_cpu_ns: u64,
}

/// One turn of each side.
#[derive(Debug, Clone, Serialize)]
struct Round {
    off: Turn,
    empty: Option<Turn>,
    beside: Turn,
    on: Turn,
    /// CPU of the recorder's process meanwhile, until it knew that all was over.
    recorder_ns: u64,
    losses: Losses,
}

/// Everything that was measured.
#[derive(Serialize)]
struct Sides {
    machine: Machine,
    #[serde(skip)]
    name: &'static str,
    does: String,
    piece: [&'static str; 2],
    pieces: u64,
    rounds: Vec<Round>,
    /// Run time of the recorder's programs in the kernel, over one more recorded turn.
    programs: BTreeMap<String, Runs>,
}

/// Measures.
///
/// # Errors
/// What kept it from measuring.
pub(super) fn run(ground: &Ground, load: &Load) -> Result<Report> {
    let machine = Machine::of_now(&[]);
    let mut rounds = Vec::new();
    for number in 1..=load.rounds {
        // Every second round the other way round: what changes slowly (heat, other guests) falls on both sides alike.
        let order = if number % 2 == 1 {
            [Side::Off, Side::Empty, Side::Beside, Side::On]
        } else {
            [Side::On, Side::Beside, Side::Empty, Side::Off]
        };
        let round = round(ground, load, number, order)?;
        let each = |turn: Turn| quantity::time(turn.elapsed_ns as f64 / load.pieces as f64);
        step::say(&format!(
            "round {number} of {}: {} without, {} beside, {} recorded",
            load.rounds,
            each(round.off),
            each(round.beside),
            each(round.on)
        ));
        rounds.push(round);
    }
    let recorder = Recorder::start(ground)?;
    let counting = Counting::begin()?;
    let before = programs::of_process(recorder.pid())?;
    turn(ground, load, Side::On, "counted")?;
    let after = programs::of_process(recorder.pid())?;
    drop((counting, recorder));
    Sides {
        machine,
        name: load.name,
        does: load.does.clone(),
        piece: load.piece,
        pieces: load.pieces,
        rounds,
        programs: programs::between(&before, &after),
    }
    .report()
}

fn round(ground: &Ground, load: &Load, number: u64, order: [Side; 4]) -> Result<Round> {
    let mut recorder = None;
    let mut taken = BTreeMap::new();
    let (mut recorder_ns, mut losses) = (0, Losses::new());
    for side in order {
        let mut empty = None;
        match side {
            Side::Off => recorder = None,
            Side::Empty => {
                recorder = None;
                let Some(hook) = load.hook else { continue };
                empty = Some(Empty::at(hook)?);
            }
            Side::Beside | Side::On if recorder.is_none() => recorder = Some(settled(ground)?),
            Side::Beside | Side::On => {}
        }
        let used_ns = recorder.as_ref().map(Recorder::cpu_ns).transpose()?;
        let turn = turn(ground, load, side, &format!("round-{number}"))?;
        drop(empty);
        if let (Side::On, Some(recorder), Some(used_ns)) = (side, &recorder, used_ns) {
            losses = recorder.until(PATIENCE, |says| says.processes == 0)?.losses;
            recorder_ns = recorder.cpu_ns()? - used_ns;
        }
        taken.insert(side as u8, turn);
    }
    let of = |side: Side| {
        taken
            .get(&(side as u8))
            .copied()
            .context("a side had no turn")
    };
    Ok(Round {
        off: of(Side::Off)?,
        empty: taken.get(&(Side::Empty as u8)).copied(),
        beside: of(Side::Beside)?,
        on: of(Side::On)?,
        recorder_ns,
        losses,
    })
}

/// A recorder that has done what it does once at its start.
fn settled(ground: &Ground) -> Result<Recorder> {
    let recorder = Recorder::start(ground)?;
    recorder.until(PATIENCE, |says| says.samples >= 2)?;
    Ok(recorder)
}

/// Lets the load program run, in a cgroup of its own whether it is recorded or not.
fn turn(ground: &Ground, load: &Load, side: Side, id: &str) -> Result<Turn> {
    let mut words = load.words.clone();
    words[0] = ground.oracle(&words[0]);
    let said = if side == Side::On {
        listen(&mut ground.run(id, &words))?
    } else {
        let cgroup = Cgroup::make()?;
        let door = cgroup.door()?;
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir(ground.folder());
        // SAFETY: between fork and exec there is one write to an open descriptor, which is async-signal-safe.
        unsafe { command.pre_exec(move || (&door).write_all(b"0")) };
        listen(&mut command)?
    };
    serde_json::from_str(&said)
        .with_context(|| format!("reading what the load program said: {said}"))
}

/// Runs to its end, and answers with its standard output. The load program limits its own time.
fn listen(command: &mut Command) -> Result<String> {
    interrupt::check()?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .with_context(|| format!("starting {}", command.get_program().display()))?;
    // Both say less than a pipe holds.
    let status = interrupt::wait(&mut child).context("waiting for the load program")?;
    interrupt::check()?;
    let (mut said, mut complained) = (String::new(), String::new());
    if let (Some(mut stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) {
        stdout
            .read_to_string(&mut said)
            .and_then(|_| stderr.read_to_string(&mut complained))
            .context("reading what the load program said")?;
    }
    if !status.success() {
        bail!("the load program ended with {status}, and said: {complained}");
    }
    Ok(said)
}
