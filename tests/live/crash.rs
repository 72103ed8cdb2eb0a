//! Recorders killed with -9: nothing is lost, every gap is declared, and what they leave in the kernel is taken over or cleared.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::harness::api::{Loss, Process as Row};
use crate::harness::assert_within;
use crate::harness::oracle::{self, number, truths};
use crate::harness::process::Process;
use crate::harness::program::{self, turn};
use crate::harness::up::{ANY_PORT, Data, RUNS_WITHIN, Up};
use crate::harness::wait;

/// How often the recorder is killed.
const KILLS: u32 = 50;
/// Children of one gust of the storm.
const GUST: u64 = 40;
/// For the last of the oracles' work.
const ENDS_WITHIN: Duration = Duration::from_secs(120);
/// The shapes of the burners, one after the other.
const BURNS: [&str; 5] = [
    "single 80",
    "threads 3 30",
    "leader-first 3 40",
    "early 20 80",
    "thread-exec 2 30",
];

/// Where the recorder of a data directory keeps its pins.
fn pins(data: &Data) -> PathBuf {
    let data = std::fs::metadata(data.path()).expect("the data directory is there");
    PathBuf::from(format!(
        "/sys/fs/bpf/bubble-chamber/{:x}-{:x}",
        data.dev(),
        data.ino()
    ))
}

/// The one whole set of pins in there.
#[track_caller]
fn build(data: &Data) -> PathBuf {
    let entries = std::fs::read_dir(pins(data)).expect("a recorder at work has pins");
    let builds: Vec<PathBuf> = entries
        .map(|entry| entry.expect("pins can be listed").path())
        .filter(|path| !path.ends_with("data"))
        .collect();
    assert_eq!(builds.len(), 1, "{builds:?}");
    builds[0].clone()
}

fn kill(up: Up) {
    up.signal(Signal::SIGKILL);
    drop(up);
}

fn now_ms() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("the clock is set").as_secs_f64() * 1e3
}

/// Spans below a bound, another series in each run.
struct Chance {
    state: RandomState,
    drawn: u64,
}

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.drawn += 1;
        self.state.hash_one(self.drawn) % bound
    }

    fn pass_below(&mut self, ms: u64) {
        let ms = self.below(ms);
        wait::let_pass(Duration::from_millis(ms));
    }
}

/// Runs an oracle anew for each line that it is given, in one container.
fn on_demand(data: &Data, id: &str, oracle: &str) -> Process {
    let again = format!("while read args; do {} $args; done", oracle::path(oracle));
    data.run(id, &["sh", "-c", &again])
}

/// A stretch without a recorder.
struct Gap {
    from_ms: f64,
    to_ms: f64,
}

/// Kills recorders under way; returns the last, which lives, and the gaps.
fn kill_often(data: &Data, storm: &mut Process, burns: &mut Process, up: Up) -> (Up, Vec<Gap>) {
    let mut chance = Chance {
        state: RandomState::new(),
        drawn: 0,
    };
    let (mut up, mut gaps, mut kills) = (up, Vec::new(), 0);
    let gust = format!("{GUST} mix\n");
    while kills < KILLS {
        storm.write(&gust);
        burns.write(&format!("{}\n", BURNS[kills as usize % BURNS.len()]));
        chance.pass_below(1_300);
        let from_ms = now_ms();
        kill(up);
        kills += 1;
        // Born and dead while nobody records.
        storm.write(&gust);
        chance.pass_below(300);
        // Some are killed before they have begun.
        while kills < KILLS && chance.below(3) == 0 {
            let args = ["up", "--data", data.as_str(), "--listen", ANY_PORT];
            let early = Process::start(&mut program::command(&args));
            chance.pass_below(600);
            early.signal(Signal::SIGKILL);
            kills += 1;
        }
        up = data.up(&[]);
        let to_ms = now_ms();
        gaps.push(Gap { from_ms, to_ms });
    }
    (up, gaps)
}

/// Each child that an oracle started has its row, with the exit code it asked for; returns the CPU of all of them.
fn check_children(truths: &[Value], rows: &[Row], args_lost: u64) -> u64 {
    let mut by_pid: HashMap<(u64, u64), Vec<&Row>> = HashMap::new();
    for row in rows {
        let parent = row.parent_pid.unwrap_or(0);
        by_pid
            .entry((parent.into(), row.pid.into()))
            .or_default()
            .push(row);
    }
    let (mut cpu_ns, mut without_args, mut forks_without) = (0, 0, 0);
    for storm in truths {
        for truth in storm["children"].as_array().expect("it lists its children") {
            let (pid, code) = (number(truth, "pid"), number(truth, "exit_code"));
            let row = by_pid
                .get_mut(&(number(storm, "pid"), pid))
                .and_then(Vec::pop)
                .unwrap_or_else(|| panic!("no row for {truth}"));
            assert_eq!(row.exit_code.map(u64::from), Some(code), "{truth}: {row:?}");
            assert!(!row.end_unseen && row.end_ms.is_some(), "{truth}: {row:?}");
            cpu_ns += row.total("cpu_ns");
            let args = [
                "storm-child",
                &truth["index"].to_string(),
                &code.to_string(),
            ];
            if truth["method"] != "fork" && row.args() != args {
                without_args += 1;
            } else if row.args.is_none() {
                forks_without += 1;
            }
        }
    }
    println!("{without_args} have not their arguments, {forks_without} not their parent's");
    assert!(
        without_args <= args_lost,
        "{without_args} processes have not their arguments, {args_lost} are declared"
    );
    cpu_ns
}

/// Each gap is declared in its time, and nothing else is missing; returns how many processes are declared to lack their arguments.
fn check_losses(losses: &[Loss], gaps: &[Gap]) -> u64 {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    // What others on this machine made and removed while nobody recorded is declared for the machine, and none of these.
    let others = |loss: &&Loss| !loss.container && loss.reason == "cgroup_unnamed";
    for loss in losses.iter().filter(|loss| !others(loss)) {
        *counts.entry(loss.reason.as_str()).or_default() += loss.count;
    }
    println!("{} gaps, declared: {counts:?}", gaps.len());
    for gap in gaps {
        // From the second after the last record on, so many seconds.
        let declared = losses.iter().any(|loss| {
            let until_ms = loss.at_ms + 1e3 * (loss.count + 1) as f64;
            loss.reason == "recorder_down" && loss.at_ms <= gap.to_ms && until_ms >= gap.from_ms
        });
        assert!(
            declared,
            "nothing is declared from {} to {}: {losses:?}",
            gap.from_ms, gap.to_ms
        );
    }
    let args_lost = counts.remove("args_unreadable").unwrap_or(0);
    let down = counts.remove("recorder_down").unwrap_or(0);
    assert!(down >= gaps.len() as u64, "one for each gap: {down}");
    counts.remove("samples_missed");
    assert!(counts.is_empty(), "nothing else may be lost: {counts:?}");
    args_lost
}

#[test]
fn fifty_kills_lose_no_process_and_no_cpu() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let mut storm = on_demand(&data, "storm", "storm");
    let mut burns = on_demand(&data, "burns", "burn");
    let survivor = data.run("survivor", &[&oracle::path("burn"), "pause", "300"]);
    survivor.line(RUNS_WITHIN);

    let (up, gaps) = kill_often(&data, &mut storm, &mut burns, up);
    let [storm, burns, survivor] =
        [storm, burns, survivor].map(|oracle| truths(&oracle.finish(ENDS_WITHIN).success().stdout));
    for id in ["storm", "burns", "survivor"] {
        up.api.past(id);
    }

    let args_lost = check_losses(&up.api.losses("storm"), &gaps);
    let children_cpu_ns = check_children(&storm, &up.api.processes("storm"), args_lost);
    let sum = |truths: &[Value], key| truths.iter().map(|truth| number(truth, key)).sum();
    assert_within(
        "CPU of the storm's children",
        children_cpu_ns,
        sum(&storm, "children_cpu_ns"),
        0.01,
    );

    let rows = up.api.processes("burns");
    let burners: u64 = burns
        .iter()
        .map(|truth| {
            let pid = number(truth, "burner");
            let mut rows = rows.iter().filter(|row| u64::from(row.pid) == pid);
            let row = rows.next().unwrap_or_else(|| panic!("no row for {truth}"));
            assert_eq!((row.exit_code, row.end_unseen), (Some(0), false), "{row:?}");
            row.total("cpu_ns")
        })
        .sum();
    assert_within("CPU of the burners", burners, sum(&burns, "cpu_ns"), 0.01);

    let rows = up.api.processes("survivor");
    let burner = rows
        .iter()
        .find(|row| u64::from(row.pid) == number(&survivor[0], "burner"))
        .expect("the survivor has a row");
    assert_within(
        "CPU of the survivor",
        burner.total("cpu_ns"),
        number(&survivor[0], "cpu_ns"),
        0.01,
    );
    assert_eq!(rows.iter().filter(|row| row.is_root).count(), 1, "{rows:?}");

    // While it runs there are pins; an orderly end leaves none.
    build(&data);
    up.stop();
    assert!(!pins(&data).exists(), "an orderly end leaves nothing");
}

#[test]
fn pins_of_another_build_are_cleared_and_counting_goes_on_from_the_kernels_totals() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let mut oracle = data.run("survivor", &[&oracle::path("burn"), "pause", "300"]);
    let burner = number(&truths(&[oracle.line(RUNS_WITHIN)])[0], "burner");
    // What the store knows of the burner is what the next recorder goes on from.
    wait::until("a sample of the burner", RUNS_WITHIN, || {
        up.api.container("survivor").ok_or("it is not known")?;
        let rows = up.api.processes("survivor");
        let row = rows.iter().find(|row| u64::from(row.pid) == burner);
        row.and_then(|row| row.totals.get("cpu_ns"))
            .map(drop)
            .ok_or("it has no sample".to_owned())
    });
    kill(up);
    let earlier = build(&data);
    let other = pins(&data).join("another");
    std::fs::rename(&earlier, &other).expect("pins can be renamed");

    let up = data.up(&[]);
    assert!(!other.exists(), "what cannot be used is cleared");
    assert_eq!(build(&data), earlier, "and pinned anew under its own name");
    up.has_logged("another build");
    oracle.close_stdin();
    let truth = truths(&oracle.finish(RUNS_WITHIN).success().stdout).remove(0);
    up.api.past("survivor");
    let rows = up.api.processes("survivor");
    let row = rows.iter().find(|row| u64::from(row.pid) == burner);
    let row = row.expect("the burner has a row");
    assert_within(
        "CPU across two builds",
        row.total("cpu_ns"),
        number(&truth, "cpu_ns"),
        0.01,
    );
    up.stop();
}

#[test]
fn a_run_that_would_be_excluded_by_its_name_stays_one_life() {
    let _turn = turn();
    let data = Data::new();
    let exclude = ["--exclude", "*"];
    let up = data.up(&exclude);
    // Never without a process that is born or ends, also while nobody records.
    let go = data.path().join("go");
    let until = format!(
        "until [ -e {} ]; do sleep 0.01; n=$((n+1)); done",
        go.display()
    );
    let run = data.run(
        "asked-for",
        &["sh", "-c", &format!("n=0; {until}; echo $n; exit 6")],
    );
    wait::until("the run in the store", RUNS_WITHIN, || {
        let found = up.api.container("asked-for").ok_or("it is not known")?;
        (found.processes > 9)
            .then_some(())
            .ok_or(format!("{found:?}"))
    });
    kill(up);
    let up = data.up(&exclude);
    std::fs::write(&go, "").expect("a file can be written");
    let ended = run.finish(RUNS_WITHIN);
    assert_eq!(ended.code(), 6, "{}", ended.stderr);
    let sleeps: u64 = ended.stdout[0].parse().expect("it counts its sleeps");
    let past = up.api.past("asked-for");
    assert_eq!((up.api.lives("asked-for"), past.processes), (1, 1 + sleeps));
    up.stop();
}

#[test]
fn a_recorder_without_pins_says_so() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&["--kernel-log"]);
    assert!(!pins(&data).exists());
    let said = wait::until("the problem in the API", RUNS_WITHIN, || {
        let me = up.api.get("/api/v1/me").json();
        let said = me["recording_problem"].as_str().map(str::to_owned);
        said.ok_or(me.to_string())
    });
    assert!(said.contains("killed") && said.contains("log"), "{said}");
    up.has_logged("nothing is pinned");
    up.stop();
}

#[test]
fn pins_of_a_directory_that_is_gone_are_cleared() {
    let _turn = turn();
    let gone = Data::new();
    kill(gone.up(&[]));
    let pins = pins(&gone);
    assert!(pins.exists(), "a killed recorder leaves what it counted");
    // Before the other is gone: the file system may give its place to the next.
    let data = Data::new();
    drop(gone);
    let up = data.up(&[]);
    assert!(!pins.exists(), "nobody will come for them");
    up.stop();
}
