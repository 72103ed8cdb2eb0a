//! CPU time by core: a burner that chooses its cores and reads its own clock on each.

use crate::harness::api::Process;
use crate::harness::assert_within;
use crate::harness::oracle::number;
use crate::harness::program::turn;
use crate::harness::up::{Data, run_oracle};

/// Lets it burn under a recorder; what it said, its row, and what each core gave it.
fn burn(up_args: &[&str], args: &[&str]) -> (serde_json::Value, Process, Vec<(u64, u64)>) {
    let data = Data::new();
    let up = data.up(up_args);
    let truth = run_oracle(&data, "cores", "cores", args).remove(0);
    up.api.past("cores");
    let process = up
        .api
        .processes("cores")
        .into_iter()
        .find(|process| u64::from(process.pid) == number(&truth, "pid"))
        .expect("the burner has a row");
    let answer = up.api.get(&format!(
        "/api/v1/containers/cores/processes/{}/cpus?resolution=s",
        process.id
    ));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer = answer.json();
    let cores = answer["cpus"].as_array().expect("a list of cores");
    let given = |core: &serde_json::Value| Some((core["cpu"].as_u64()?, core["sum"].as_u64()?));
    let given = cores
        .iter()
        .map(|core| given(core).unwrap_or_else(|| panic!("not as docs/api.md says: {core}")))
        .collect();
    up.stop();
    (truth, process, given)
}

/// All cores together are what the burner counted, and what its process is told to have used.
fn assert_all(cores: &[(u64, u64)], truth: &serde_json::Value, process: &Process) {
    let all_ns = cores.iter().map(|(_, cpu_ns)| cpu_ns).sum();
    assert_within("all cores", all_ns, number(truth, "cpu_ns"), 0.01);
    assert_within(
        "cores against the process",
        all_ns,
        process.total("cpu_ns"),
        0.001,
    );
}

#[test]
fn a_thread_that_moves_from_one_core_to_another() {
    let _turn = turn();
    let (truth, process, cores) = burn(&[], &["move", "600"]);
    let on = |wanted| cores.iter().find(|(core, _)| *core == wanted);
    let (_, first_ns) = on(0).unwrap_or_else(|| panic!("it ran on core 0: {cores:?}"));
    let (_, second_ns) = on(1).unwrap_or_else(|| panic!("it ran on core 1: {cores:?}"));
    assert_within("core 0", *first_ns, number(&truth, "first_ns"), 0.01);
    assert_within("core 1", *second_ns, number(&truth, "second_ns"), 0.01);
    assert_all(&cores, &truth, &process);
}

#[test]
fn threads_on_whatever_cores_they_get() {
    let _turn = turn();
    let (truth, process, cores) = burn(&[], &["threads", "5", "250"]);
    assert_all(&cores, &truth, &process);
}

#[test]
fn switched_off_nothing_is_said_of_cores() {
    let _turn = turn();
    let (truth, process, cores) = burn(&["--no-per-cpu"], &["threads", "2", "100"]);
    assert_eq!(cores, []);
    assert_within(
        "its CPU",
        process.total("cpu_ns"),
        number(&truth, "cpu_ns"),
        0.01,
    );
}
