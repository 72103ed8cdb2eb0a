//! A process that executes nothing has the command line that its parent had when it was born, or is declared to lack it: what processes ran is
//! remembered within bounds.

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::bounded::up_with;
use crate::harness::api::Process as Row;
use crate::harness::cgroup::Cgroup;
use crate::harness::oracle::{self, number, truths};
use crate::harness::process::Process;
use crate::harness::program::turn;
use crate::harness::up::{Data, RUNS_WITHIN, Up};
use crate::harness::wait::{self, PATIENCE};

const PARENTS: u64 = 40;
/// With what their arguments take, more than the dead may keep beside a table of this size; less than that table and the ring hold.
const FILLERS: u64 = 800;
const ARGS_BYTES: u64 = 3_500;
const SMALL: [(&str, u64); 2] = [("processes", 2_048), ("ring_bytes", 16 << 20)];
const CHILDREN: u64 = 2 * PARENTS + 4;

/// Parents, their children, and those that drive them from memory, in a cgroup of their own.
struct Heirs {
    cgroup: Cgroup,
    oracle: Process,
    children: Vec<Value>,
}

impl Heirs {
    fn stand(name: &str) -> Self {
        let cgroup = Cgroup::with_pids(name, None);
        let numbers = [PARENTS, FILLERS, ARGS_BYTES].map(|number| number.to_string());
        let args = numbers.each_ref().map(String::as_str);
        let oracle = Process::start(&mut cgroup.command(&oracle::path("heirs"), &args));
        let said = std::iter::repeat_with(|| oracle.line(PATIENCE));
        let said: Vec<String> = said.take_while(|line| !line.contains("standing")).collect();
        let children = truths(&said);
        assert_eq!(children.len() as u64, CHILDREN);
        Self {
            cgroup,
            oracle,
            children,
        }
    }

    /// Ends them; what of it is needed later.
    fn end(mut self) -> (String, Vec<Value>) {
        self.oracle.close_stdin();
        self.oracle.finish(PATIENCE).success();
        (self.cgroup.path.clone(), self.children)
    }
}

/// How many of the children have no line; that of the others is their parents'.
fn lacking(children: &[Value], rows: &[Row]) -> Result<u64, String> {
    let mut lacking = 0;
    for child in children {
        let pid = number(child, "child");
        let row = rows.iter().find(|row| u64::from(row.pid) == pid);
        let row = row.ok_or_else(|| format!("no row for {child}"))?;
        if row.args.is_none() {
            lacking += 1;
            continue;
        }
        let line = [
            child["role"].as_str().expect("it has a role"),
            &number(child, "nth").to_string(),
        ];
        assert_eq!(row.args()[..2], line, "{child}");
        assert!(row.inherited, "{child}: it never executed anything");
    }
    Ok(lacking)
}

fn declared(up: &Up, id: &str) -> u64 {
    let losses = up.api.losses(id);
    let args = losses
        .iter()
        .filter(|loss| loss.container && loss.reason == "args_unreadable");
    args.map(|loss| loss.count).sum()
}

#[test]
fn a_child_of_a_forgotten_parent_says_its_line_itself_or_is_declared_to_lack_it() {
    let _turn = turn();
    let data = Data::new();
    let up = up_with(&data, &SMALL);
    // All of it happens before the recorder looks again: when it takes the children in, most of their parents are forgotten.
    up.signal(Signal::SIGSTOP);
    let (gone, gone_children) = Heirs::stand("gone").end();
    let standing = Heirs::stand("standing");
    up.signal(Signal::SIGCONT);

    let path = &standing.cgroup.path;
    let left = wait::until("all who stand", PATIENCE, || {
        up.api.container(path).ok_or("it is not known")?;
        lacking(&standing.children, &up.api.processes(path))
    });
    assert_eq!(left, 0, "who lives can be asked");
    let (standing, _) = standing.end();
    for id in [&gone, &standing] {
        // The shell that went into the cgroup became the oracle.
        let all = CHILDREN + PARENTS + 4 + 1 + FILLERS + 1;
        assert_eq!(up.api.past(id).processes, all);
    }
    let rows = up.api.processes(&gone);
    assert_eq!(
        lacking(&gone_children, &rows),
        Ok(2 * PARENTS),
        "the last four are remembered"
    );
    let unknown = rows.iter().filter(|row| row.args.is_none()).count();
    assert_eq!(declared(&up, &gone), unknown as u64);
    assert_eq!(declared(&up, &standing), 0);
    up.stop();
}

#[test]
fn where_execs_found_no_room_no_other_line_is_told_instead() {
    let _turn = turn();
    let data = Data::new();
    let up = up_with(&data, &[("processes", 16_384), ("ring_bytes", 4_096)]);
    // Nearly all that they execute finds the ring full.
    up.signal(Signal::SIGSTOP);
    let (gone, children) = Heirs::stand("full").end();
    up.signal(Signal::SIGCONT);
    up.api.past(&gone);
    let lacking = lacking(&children, &up.api.processes(&gone)).expect("each has a row");
    assert!(
        lacking >= PARENTS,
        "the ring had room: the test shows nothing"
    );
    let declared = declared(&up, &gone);
    assert!(declared >= lacking, "{declared} of {lacking}");
    up.stop();
}

#[test]
fn what_a_shell_forks_has_its_line_however_deep() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    // Each is over before the one that it comes from, and nothing is told of that one before.
    let script = "( ( ( ( :; exit 4 ); exit 3 ); exit 2 ); exit 1 ); exit 0";
    let args = ["sh", "-c", script];
    data.run("deep", &args).finish(RUNS_WITHIN).success();
    assert_eq!(up.api.past("deep").processes, 5);
    for row in up.api.processes("deep") {
        assert_eq!(row.args(), args, "{row:?}");
        assert_eq!(row.inherited, row.exit_code != Some(0), "{row:?}");
    }
    assert_eq!(declared(&up, "deep"), 0);
    up.stop();
}
