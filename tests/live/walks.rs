//! The two ways to walk over all tasks, and one that changes between them: they tell the same of the same processes.

use std::collections::{BTreeMap, BTreeSet};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::bounded::up_with;
use crate::harness::api::Process as Row;
use crate::harness::cgroup::Cgroup;
use crate::harness::oracle;
use crate::harness::process::Process;
use crate::harness::program::{self, turn};
use crate::harness::up::{Data, Up};
use crate::harness::wait::{self, PATIENCE};

/// The oldest kernel on which the walk in one call was seen.
const ONE_CALL_SINCE: [u32; 2] = [6, 12];
/// In one call, never, and with room for fewer than there are: then the kernel's iterator takes over.
const ROOM: [u64; 3] = [16_384, 0, 16];
/// A crowd, and a burner with its child; the first of both come from outside.
const PROCESSES: usize = 60 + 2;
const BORN_INSIDE: usize = 59 + 1;
/// Enough for several seconds in which most of them have something to tell.
const BURNT_NS: u64 = 1_000_000_000;
/// What depends on the moments at which samples were taken: how CPU time was split before, and a peak that no sample saw.
const OF_ITS_SAMPLES: [&str; 3] = ["user_ns", "system_ns", "peak_rss_bytes"];

/// Every total and level, by process. Of those that were born in the container: who came from outside counts from then on.
type Told = BTreeMap<String, BTreeMap<String, u64>>;

fn told(up: &Up, cgroup: &Cgroup) -> Told {
    let rows = up.api.processes(&cgroup.path);
    let pids: BTreeSet<u32> = rows.iter().map(|row| row.pid).collect();
    let is_inside = |row: &Row| row.parent_pid.is_some_and(|pid| pids.contains(&pid));
    let totals = rows.into_iter().filter(is_inside).map(|row| {
        let mut totals = row.totals;
        totals.retain(|metric, _| !OF_ITS_SAMPLES.contains(&metric.as_str()));
        (row.id, totals)
    });
    totals.collect()
}

fn signal_all(pids: &[u32], signal: Signal) {
    for pid in pids {
        kill(Pid::from_raw(pid.cast_signed()), signal).expect("it is there until it is reaped");
    }
}

/// Where it is refused, nobody would notice but by the cost: a program that grows may be too much for the verifier.
#[test]
fn kernels_that_can_walk_in_one_call_do() {
    let _turn = turn();
    let check = ["recorder", "--check", "--json"];
    let ended = Process::start(&mut program::command(&check)).finish(PATIENCE);
    let found: Value = serde_json::from_str(&ended.success().stdout.join("\n")).expect("JSON");
    let kernel = found["kernel"].as_str().expect("its release");
    let numbers = kernel.split(|c: char| !c.is_ascii_digit()).take(2);
    let numbers: Vec<u32> = numbers.filter_map(|number| number.parse().ok()).collect();
    if numbers < ONE_CALL_SINCE.to_vec() {
        println!("{kernel} is not held to it");
        return;
    }
    let mut rows = found["capabilities"].as_array().expect("a list").iter();
    let row = rows.find(|row| row["gives"] == "a walk over all tasks in one call");
    assert_eq!(row.expect("its row")["state"], "works", "on {kernel}");
}

#[test]
fn every_way_to_walk_tells_the_same() {
    let _turn = turn();
    let ways = ROOM.map(|room| {
        let data = Data::new();
        let up = up_with(&data, &[("walk_records", room)]);
        (data, up)
    });
    let cgroup = Cgroup::with_pids("walks", None);
    let start =
        |name, args: &[&str]| Process::start(&mut cgroup.command(&oracle::path(name), args));
    let crowd = start("crowd", &["60", "40"]);
    crowd.line(PATIENCE);
    let burner = start("burn", &["threads", "3", "600000"]);
    for (_, up) in &ways {
        wait::until("a busy container", PATIENCE, || {
            let known = up.api.container(&cgroup.path).ok_or("it is not known")?;
            let is_busy = known.processes as usize == PROCESSES && known.cpu_ns > BURNT_NS;
            is_busy.then_some(()).ok_or(format!("{known:?}"))
        });
    }
    // Who is stopped changes no more, and each recorder has to come to the very same account.
    let rows = ways[0].1.api.processes(&cgroup.path);
    let pids: Vec<u32> = rows.iter().map(|row| row.pid).collect();
    signal_all(&pids, Signal::SIGSTOP);
    wait::until("one account", PATIENCE, || {
        let [one_call, iterator, either] = ways.each_ref().map(|(_, up)| told(up, &cgroup));
        let differs = |(id, totals): (&String, &BTreeMap<String, u64>)| {
            let others = [iterator.get(id), either.get(id)];
            (others != [Some(totals); 2]).then(|| format!("{totals:?}: {others:?}"))
        };
        if one_call.len() != BORN_INSIDE {
            return Err(format!("{} were born inside", one_call.len()));
        }
        one_call.iter().find_map(differs).map_or(Ok(()), Err)
    });
    signal_all(&pids, Signal::SIGKILL);
    drop((crowd, burner));
    for (_, up) in ways {
        up.stop();
    }
}
