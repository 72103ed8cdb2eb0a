//! Cgroups as nobody should make them, by thousands, a hundred deep and with names of any bytes; processes of a thousand threads, and with
//! arguments without measure. Each is recorded, or declared.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::harness::api::Process as Row;
use crate::harness::assert_within;
use crate::harness::cgroup::{Cgroup, Tree};
use crate::harness::oracle::{self, number, truths};
use crate::harness::process::Process;
use crate::harness::program::turn;
use crate::harness::up::{Data, Up, run_oracle};
use crate::harness::wait::{self, PATIENCE};

/// Starts `up`, watching what these tests make, and nobody else does.
fn watching(data: &Data, name: &str) -> Up {
    data.up(&["--cgroup", &format!("/bc-live-{}-{name}*", own_pid())])
}

fn own_pid() -> u32 {
    std::process::id()
}

fn finish(mut command: std::process::Command) {
    Process::start(&mut command).finish(PATIENCE).success();
}

#[test]
fn of_two_thousand_cgroups_in_a_burst_each_process_is_recorded() {
    const MADE: usize = 2_000;
    const EVERY: usize = 20;
    let _turn = turn();
    let data = Data::new();
    let up = watching(&data, "burst-");
    let mut inhabited = Vec::new();
    for nth in 0..MADE {
        let cgroup = Cgroup::with_pids(&format!("burst-{nth}"), None);
        if nth % EVERY == 0 {
            finish(cgroup.command("true", &[]));
            inhabited.push(cgroup.path.clone());
        }
    }
    // Delivered after all the others.
    let last = Cgroup::with_pids("burst-last", None);
    finish(last.command("true", &[]));
    let fence = last.path.clone();
    drop(last);
    up.api.past(&fence);
    let seen: u64 = inhabited
        .iter()
        .filter_map(|id| up.api.container(id))
        .map(|container| container.processes)
        .sum();
    let losses = up.api.losses(&fence);
    // Where their events were lost, and they were gone before anybody looked.
    let unnamed = losses.iter().filter(|loss| loss.reason == "cgroup_unnamed");
    let unnamed: u64 = unnamed.map(|loss| loss.count).sum();
    println!(
        "{seen} of {} are seen, {unnamed} without a name",
        inhabited.len()
    );
    assert_eq!(seen + unnamed, inhabited.len() as u64, "{losses:?}");
    let listed = up
        .api
        .containers(&format!("q=bc-live-{}-burst-", own_pid()));
    assert_eq!(
        listed.len() as u64,
        seen + 1,
        "those without a process are not listed"
    );
    up.stop();
}

#[test]
fn what_runs_a_hundred_cgroups_deep_belongs_to_the_top_one() {
    let _turn = turn();
    let data = Data::new();
    let up = watching(&data, "deep");
    let top = format!("/bc-live-{}-deep", own_pid());
    // Longer than what the kernel programs take of a path, and than what the kernel itself tells of one.
    let below: String = (0..100)
        .map(|depth| format!("/a-directory-at-{depth}"))
        .collect();
    let tree = Tree::new(&format!("{top}{below}"));
    let throng = oracle::path("throng");
    let mut command = tree.command(&throng, &["short", "5", "2", "200"]);
    let ended = Process::start(&mut command).finish(PATIENCE).success();
    let truth = truths(&ended.stdout).pop().expect("it says how it ended");
    drop(tree);
    let container = up.api.past(&top);
    assert_eq!(container.processes, number(&truth, "processes"));
    assert_within(
        "CPU a hundred deep",
        container.cpu_ns,
        number(&truth, "cpu_ns"),
        0.01,
    );
    let losses = up.api.losses(&top);
    assert!(losses.iter().all(|loss| !loss.container), "{losses:?}");
    up.stop();
}

#[test]
fn a_cgroup_may_be_called_anything() {
    let _turn = turn();
    let data = Data::new();
    let home = format!("/bc-live-{}-odd", own_pid());
    let up = data.up(&["--cgroup", &format!("{home}/*")]);
    let (long, longer) = ([b'n'; 255], [0xff; 255]);
    let names: [(&[u8], Option<&str>); 13] = [
        (b" ", None),
        (b" a  b ", None),
        (b"\"quoted\" and 'quoted'", None),
        (b"`$(reboot)`; DROP TABLE lives; --", None),
        (b"<script>alert(1)<script>", None),
        (b"...", None),
        (b"..up", None),
        (b"%2e%2e%2f%00", None),
        ("\u{e9}\u{202e}\u{1f980}".as_bytes(), None),
        (b"a\tb\x1b[31m\x7f", Some("a\\x09b\\x1b[31m\\x7f")),
        (b"\xff\xfe\xc3(", Some("\\xff\\xfe\\xc3(")),
        (&long, None),
        (&longer, Some("")),
    ];
    let hold = Tree::new(&home);
    for (name, _) in names {
        let tree = Tree::new(&Path::new(&home).join(OsStr::from_bytes(name)));
        finish(tree.command("true", &["odd"]));
    }
    for (name, shown) in names {
        let plain = || std::str::from_utf8(name).expect("it is text");
        let id = match shown {
            // Too long for an id once it is text.
            Some("") => listed_with(&up, "\\xff\\xff\\xff\\xff"),
            shown => format!("{home}/{}", shown.unwrap_or_else(plain)),
        };
        let container = up.api.past(&id);
        assert_eq!(
            (container.processes, container.kind.as_str()),
            (1, "cgroup")
        );
        let rows = up.api.processes(&id);
        assert_eq!(
            (rows.len(), rows[0].args()),
            (1, vec!["true", "odd"]),
            "{id}"
        );
        let losses = up.api.losses(&id);
        assert!(
            losses.iter().all(|loss| !loss.container),
            "{id}: {losses:?}"
        );
    }
    drop(hold);
    up.stop();
}

/// The id of the one past container that has this in its cgroup's path.
fn listed_with(up: &Up, part: &str) -> String {
    wait::until("a container in the list", PATIENCE, || {
        let listed = up.api.containers("");
        let mut found = listed.iter().filter(|one| one.cgroup.contains(part));
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one.id.clone()),
            _ => Err(format!("{listed:?}")),
        }
    })
}

#[test]
fn a_process_of_a_thousand_threads_is_one_row_with_all_their_cpu() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let burn = run_oracle(&data, "threads", "burn", &["threads", "1000", "10"]).remove(0);
    up.api.past("threads");
    let rows = up.api.processes("threads");
    assert_eq!(rows.len(), 2, "the burner and its parent: {rows:?}");
    let is_burner = |row: &&Row| u64::from(row.pid) == number(&burn, "burner");
    let burner = rows.iter().find(is_burner).expect("the burner has a row");
    // A thread cannot count its own way out: a fifth of a millisecond is more than that takes on a busy machine.
    assert_within(
        "CPU of a thousand threads",
        burner.total("cpu_ns"),
        number(&burn, "cpu_ns"),
        0.02,
    );
    let losses = up.api.losses("threads");
    assert!(
        losses.iter().all(|loss| loss.reason == "samples_missed"),
        "{losses:?}"
    );
    up.stop();
}

#[test]
fn arguments_without_measure_are_cut_and_say_so() {
    let _turn = turn();
    let data = Data::new();
    let up = watching(&data, "args-");
    // The longest that the kernel takes, its NUL included; and very many.
    let long = "x".repeat(128 << 10);
    let words: Vec<String> = (0..10_000).map(|nth| format!("w{nth}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let cases: [(&str, &[&str]); 2] = [("long", &[&long[1..]]), ("many", &words)];
    for (name, args) in cases {
        let cgroup = Cgroup::with_pids(&format!("args-{name}"), None);
        finish(cgroup.command("true", args));
        let id = cgroup.path.clone();
        drop(cgroup);
        assert_eq!(up.api.past(&id).processes, 1);
        let row = up.api.processes(&id).remove(0);
        let kept = row.args();
        let kept_bytes: usize = kept.iter().map(|arg| arg.len() + 1).sum();
        assert!(row.args_cut, "{name}: {kept_bytes} bytes, and nothing said");
        assert!(
            (4_000..=4_097).contains(&kept_bytes),
            "{name}: {kept_bytes}"
        );
        assert_eq!(kept[0], "true");
        // What is kept is what it was; the last may be a part.
        let (last, whole) = kept[1..].split_last().expect("more than its name");
        assert_eq!(whole, &args[..whole.len()]);
        assert!(args[whole.len()].starts_with(last), "{last}");
    }
    up.stop();
}
