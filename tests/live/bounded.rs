//! More than there is room for: what is seen and what is declared lost are together what was, for processes and for CPU.

use std::fmt::Write;
use std::time::Duration;

use serde_json::Value;

use crate::harness::api::{Api, Loss};
use crate::harness::assert_within;
use crate::harness::cgroup::Cgroup;
use crate::harness::oracle::{self, number, truths};
use crate::harness::process::Process;
use crate::harness::program::turn;
use crate::harness::up::{Data, Up, run_oracle};

/// For thousands of processes on a busy machine.
const THRONGS_WITHIN: Duration = Duration::from_secs(120);
/// More than any table of the smallest holds.
const CONTAINERS: usize = 22;
/// Reasons that count processes of which there is no row.
const MISSING: [&str; 3] = ["process_table_full", "queue_full", "cgroup_unnamed"];

/// What is known of one container, and what its oracle says.
struct Account {
    id: String,
    rows: u64,
    seen_cpu_ns: u64,
    lost: u64,
    lost_cpu_ns: u64,
    truth: Value,
}

impl Account {
    fn of(api: &Api, id: &str, truth: Value) -> Self {
        let container = api.past(id);
        let losses = api.losses(id);
        let (lost, lost_cpu_ns) = missing(losses.iter().filter(|loss| loss.container));
        Self {
            id: id.into(),
            rows: container.processes,
            seen_cpu_ns: container.cpu_ns,
            lost,
            lost_cpu_ns,
            truth,
        }
    }

    fn check(&self) {
        assert_eq!(
            self.rows + self.lost,
            number(&self.truth, "processes"),
            "{}: {} rows and {} declared lost",
            self.id,
            self.rows,
            self.lost
        );
        assert_within(
            &format!("CPU of {} rows, and of {} lost", self.rows, self.lost),
            self.seen_cpu_ns + self.lost_cpu_ns,
            number(&self.truth, "cpu_ns"),
            0.01,
        );
    }
}

/// Processes, and CPU in ns.
fn missing<'losses>(losses: impl Iterator<Item = &'losses Loss>) -> (u64, u64) {
    losses.fold((0, 0), |(count, cpu_ns), loss| {
        let is_process = MISSING.contains(&loss.reason.as_str());
        (
            count + if is_process { loss.count } else { 0 },
            cpu_ns + loss.cpu_ns,
        )
    })
}

/// Starts `up` with these capacities, watching the cgroups of these tests.
pub(crate) fn up_with(data: &Data, capacities: &[(&str, u64)]) -> Up {
    let mut file = String::from("recorder:\n  capacities:\n");
    for (name, value) in capacities {
        writeln!(file, "    {name}: {value}").expect("text takes text");
    }
    let config = data.path().join("small.yml");
    std::fs::write(&config, file).expect("the data directory takes a file");
    let config = config.to_str().expect("its name is text");
    data.up(&["--config", config, "--cgroup", &own_cgroups()])
}

/// The cgroups that these tests make, and nobody else's.
fn own_cgroups() -> String {
    format!("/bc-live-{}-*", std::process::id())
}

/// A throng in a cgroup of its own.
fn throng(cgroup: &Cgroup, args: &[&str]) -> Process {
    Process::start(&mut cgroup.command(&oracle::path("throng"), args))
}

fn ended(throng: Process) -> Value {
    let mut truths = truths(&throng.finish(THRONGS_WITHIN).success().stdout);
    truths.pop().expect("an oracle says how it ended")
}

/// Lets throngs pass in more cgroups than there is room for; what is known of each.
fn pass(up: &Up) -> Vec<Account> {
    let cgroups: Vec<Cgroup> = (0..CONTAINERS)
        .map(|nth| Cgroup::with_pids(&format!("small-{nth}"), None))
        .collect();
    let throngs: Vec<Process> = cgroups
        .iter()
        .map(|cgroup| throng(cgroup, &["short", "24", "3", "20"]))
        .collect();
    let said: Vec<Value> = throngs.into_iter().map(ended).collect();
    let paths: Vec<String> = cgroups.iter().map(|cgroup| cgroup.path.clone()).collect();
    // Gone, so that their lives end.
    drop(cgroups);
    let accounts = paths.iter().zip(said);
    accounts
        .map(|(path, truth)| Account::of(&up.api, path, truth))
        .collect()
}

#[test]
fn with_room_for_sixteen_of_everything_seen_and_lost_add_up() {
    let _turn = turn();
    let data = Data::new();
    let small = [
        ("processes", 16),
        ("watches", 16),
        ("accounts", 16),
        ("walk_records", 16),
        ("ring_bytes", 4096),
        ("waiting_samples", 16),
        ("waiting_facts", 16),
        ("waiting_batches", 16),
    ];
    let up = up_with(&data, &small);
    let accounts = pass(&up);
    let sum = |of: fn(&Account) -> u64| accounts.iter().map(of).sum::<u64>();
    let truth = |name: &str| -> u64 {
        let each = accounts.iter().map(|account| number(&account.truth, name));
        each.sum()
    };
    // What containers whose sums share a place have lost together is declared for the machine, and so in every container's list.
    let everywhere = up.api.losses(&accounts[0].id);
    let shared = everywhere
        .iter()
        .filter(|loss| !loss.container && loss.reason == "process_table_full");
    let (shared, shared_cpu_ns) = missing(shared);
    let (rows, lost) = (sum(|a| a.rows), sum(|a| a.lost));
    let said =
        format!("{rows} rows, {lost} lost by container, {shared} by containers that share a place");
    println!("{said}");
    assert!(rows > 0 && lost > 0, "some found room and some did not");
    assert_eq!(rows + lost + shared, truth("processes"), "{said}");
    let seen_cpu_ns = sum(|a| a.seen_cpu_ns) + sum(|a| a.lost_cpu_ns);
    assert_within(
        "CPU, seen and lost",
        seen_cpu_ns + shared_cpu_ns,
        truth("cpu_ns"),
        0.01,
    );
    if shared == 0 {
        for account in &accounts {
            account.check();
        }
    }
    up.stop();
}

#[test]
fn a_full_process_table_costs_rows_and_nothing_else() {
    let _turn = turn();
    let data = Data::new();
    let up = up_with(
        &data,
        &[("processes", 16), ("watches", 16), ("ring_bytes", 4096)],
    );
    let accounts = pass(&up);
    for account in &accounts {
        account.check();
    }
    let lost: u64 = accounts.iter().map(|account| account.lost).sum();
    assert!(lost > 0, "sixteen were enough: the test shows nothing");
    up.stop();
}

/// What `up` has had in memory at most, bytes.
fn peak_rss_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("the kernel notes it");
    let kb = line.trim().trim_end_matches(" kB").parse::<u64>();
    kb.expect("a number of kB") * 1024
}

/// The recorder holds a few hundred bytes for each living process; the rest is what any `up` takes.
const MOST_BYTES: u64 = 160 << 20;

#[test]
fn ten_thousand_processes_stand_in_one_container_and_another_is_exact() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&["--cgroup", &own_cgroups()]);
    let cgroup = Cgroup::with_pids("crowd", None);
    let crowd = throng(&cgroup, &["standing", "10000"]);
    crowd.line(THRONGS_WITHIN);
    let burn = run_oracle(&data, "beside", "burn", &["threads", "3", "600"]).remove(0);
    let truth = ended(crowd);
    let path = cgroup.path.clone();
    drop(cgroup);
    assert_eq!(number(&truth, "processes"), 10_001);
    let crowd = up.api.past(&path);
    let peak_bytes = peak_rss_bytes(up.pid());
    println!("with 10,001 processes `up` had {} MiB", peak_bytes >> 20);
    assert_eq!((crowd.processes, crowd.open_processes), (10_001, 0));
    let rows = up.api.processes(&path);
    assert!(
        rows.iter()
            .all(|row| row.end_ms.is_some() && !row.end_unseen),
        "each has its end"
    );
    assert_eq!(
        rows.iter().filter(|row| row.signal == Some(9)).count(),
        10_000
    );
    assert_eq!(missing(up.api.losses(&path).iter()), (0, 0));
    assert_within(
        "CPU of the crowd",
        crowd.cpu_ns,
        number(&truth, "cpu_ns"),
        0.01,
    );
    check_beside(&up, &burn);
    assert!(
        peak_bytes < MOST_BYTES,
        "{} MiB for 10,001 processes",
        peak_bytes >> 20
    );
    up.stop();
}

#[test]
fn a_fork_bomb_is_counted_to_the_last_process_and_others_are_exact() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&["--cgroup", &own_cgroups()]);
    let cgroup = Cgroup::with_pids("bomb", Some(200));
    let bomb = throng(&cgroup, &["bomb", "6000", "1"]);
    let burn = run_oracle(&data, "beside", "burn", &["threads", "3", "600"]).remove(0);
    let truth = ended(bomb);
    let path = cgroup.path.clone();
    drop(cgroup);
    assert!(
        number(&truth, "refused") > 0,
        "the limit was never met: {truth}"
    );
    Account::of(&up.api, &path, truth).check();
    check_beside(&up, &burn);
    let peak_bytes = peak_rss_bytes(up.pid());
    println!("beside a fork bomb `up` had {} MiB", peak_bytes >> 20);
    assert!(peak_bytes < MOST_BYTES, "{} MiB", peak_bytes >> 20);
    up.stop();
}

/// The burner in the other container: two rows, and all of its CPU.
fn check_beside(up: &Up, burn: &Value) {
    up.api.past("beside");
    let rows = up.api.processes("beside");
    assert_eq!(rows.len(), 2, "{rows:?}");
    let burner = rows
        .iter()
        .find(|row| u64::from(row.pid) == number(burn, "burner"))
        .expect("the burner has a row");
    assert_within(
        "CPU of the burner beside",
        burner.total("cpu_ns"),
        number(burn, "cpu_ns"),
        0.01,
    );
    let lost = up.api.losses("beside");
    assert!(
        lost.iter().all(|loss| loss.reason == "samples_missed"),
        "nothing of it is lost: {lost:?}"
    );
}
