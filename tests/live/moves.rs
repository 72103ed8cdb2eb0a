//! A process that goes from one container into another: each has what was used there, and together they have all of it.

use crate::harness::assert_within;
use crate::harness::cgroup::Tree;
use crate::harness::oracle::{self, number, truths};
use crate::harness::process::Process;
use crate::harness::program::{self, turn};
use crate::harness::up::{Data, RUNS_WITHIN};
use crate::harness::wait;

#[test]
fn usage_counts_from_the_move_on_and_the_first_account_closes() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let [first, second] = ["first", "second"].map(|name| format!("{name}-{}", std::process::id()));
    let [from, to] = [&first, &second].map(|name| Tree::new(&format!("/lxc.payload.{name}")));

    let mut burner = Process::start(&mut from.command(&oracle::path("burn"), &["pause", "400"]));
    let paused: serde_json::Value =
        serde_json::from_str(&burner.line(RUNS_WITHIN)).expect("the oracle says when it pauses");
    let pid = number(&paused, "burner");
    let row = |id: &str, ended: bool| {
        wait::until("the burner's row", RUNS_WITHIN, || {
            up.api.container(id).ok_or("the container is not known")?;
            let found = up
                .api
                .processes(id)
                .into_iter()
                .find(|row| u64::from(row.pid) == pid)
                .ok_or("it has no row")?;
            match found.end_ms.is_some() == ended {
                true => Ok(found),
                false => Err(format!("{found:?}")),
            }
        })
    };
    row(&first, false);
    to.add(pid);
    let left = row(&first, true);
    assert!(
        left.end_unseen && left.exit_code.is_none(),
        "it lives on: {left:?}"
    );
    let came = row(&second, false);
    assert_eq!(came.id, left.id, "the same process");

    burner.close_stdin();
    let truth = truths(&burner.finish(RUNS_WITHIN).success().stdout).remove(0);
    let ended = row(&second, true);
    assert_eq!(
        (ended.exit_code, ended.end_unseen),
        (Some(0), false),
        "{ended:?}"
    );
    let (before, all) = (number(&paused, "cpu_ns"), number(&truth, "cpu_ns"));
    assert_within(
        "CPU after the move",
        ended.total("cpu_ns"),
        all - before,
        0.01,
    );
    assert_within(
        "CPU of both accounts",
        left.total("cpu_ns") + ended.total("cpu_ns"),
        all,
        0.01,
    );
    drop((from, to));
    up.api.past(&first);
    up.api.past(&second);
    up.stop();
}

#[test]
fn a_run_inside_a_container_owns_before_it_and_what_nests_is_the_outer_ones() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let outer = format!("outer-{}", std::process::id());
    let id = format!("inner-{}", std::process::id());
    let tree = Tree::new(&format!("/lxc.payload.{outer}"));
    let nested = Tree::new(&format!("/lxc.payload.{outer}/docker/{:064x}", 7));
    Process::start(&mut nested.command(&oracle::path("storm"), &["2", "mix"]))
        .finish(RUNS_WITHIN)
        .success();
    drop(nested);

    let program = program::path().to_str().expect("its name is text");
    let storm = oracle::path("storm");
    let run = [
        "run",
        "--data",
        data.as_str(),
        "--id",
        &id,
        "--",
        &storm,
        "3",
        "mix",
    ];
    Process::start(&mut tree.command(program, &run))
        .finish(RUNS_WITHIN)
        .success();
    drop(tree);

    assert_eq!(up.api.past(&id).processes, 4);
    up.api.past(&outer);
    let count = |id: &str| {
        let rows = up.api.processes(id);
        rows.iter().filter(|row| row.name == "storm").count()
    };
    assert_eq!(
        (count(&id), count(&outer)),
        (4, 3),
        "each storm is where it ran"
    );
    up.stop();
}
