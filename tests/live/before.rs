//! Processes that were there before the recorder: recorded with their true start, what they run, and what they use
//! from then on.

use nix::time::{ClockId, clock_gettime};

use crate::harness::assert_within;
use crate::harness::cgroup::Cgroup;
use crate::harness::oracle::{self, number, truths};
use crate::harness::process::Process;
use crate::harness::program::turn;
use crate::harness::up::{Data, RUNS_WITHIN};
use crate::harness::wait;

/// When a process began, ms since the epoch, as `/proc/PID/stat` and the machine's clocks say; not finer than the kernel's ticks.
fn started_ms(pid: u64) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process lives");
    // The second field, the name, may hold anything: what counts comes after its last parenthesis.
    let ticks: f64 = stat[stat.rfind(')').expect("a name in parentheses") + 2..]
        .split(' ')
        .nth(19)
        .expect("a start time")
        .parse()
        .expect("a number");
    let ticks_per_s = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK)
        .expect("the kernel has ticks")
        .expect("a number of them");
    let now_ms = |clock| {
        clock_gettime(clock)
            .map(|t| t.tv_sec() as f64 * 1e3 + t.tv_nsec() as f64 / 1e6)
            .expect("the clock is there")
    };
    // Whoever is interrupted between two clocks takes them for further apart than they are: the closest of many looks counts.
    let look = || {
        let before = now_ms(ClockId::CLOCK_BOOTTIME);
        let utc = now_ms(ClockId::CLOCK_REALTIME);
        let after = now_ms(ClockId::CLOCK_BOOTTIME);
        (after - before, utc - (before + after) / 2.0)
    };
    let (_, booted_ms) = std::iter::repeat_with(look)
        .take(100)
        .min_by(|(one, _), (other, _)| one.total_cmp(other))
        .expect("a hundred looks");
    booted_ms + ticks * 1e3 / ticks_per_s as f64
}

#[test]
fn who_was_there_first_keeps_its_start_and_its_cpu() {
    let _turn = turn();
    let cgroup = Cgroup::with_memory("before", None);
    let mut oracle = Process::start(&mut cgroup.command(&oracle::path("burn"), &["pause", "400"]));
    let paused: serde_json::Value =
        serde_json::from_str(&oracle.line(RUNS_WITHIN)).expect("the oracle says when it pauses");
    let burner_pid = number(&paused, "burner");
    let began_ms = started_ms(burner_pid);

    let data = Data::new();
    let up = data.up(&["--cgroup", "/bc-live-*"]);
    let row = |ended: bool| {
        wait::until("the burner's row", RUNS_WITHIN, || {
            up.api
                .container(&cgroup.path)
                .ok_or("its cgroup is not known")?;
            let found = up
                .api
                .processes(&cgroup.path)
                .into_iter()
                .find(|p| u64::from(p.pid) == burner_pid)
                .ok_or("it has no row")?;
            if found.end_ms.is_some() == ended {
                Ok(found)
            } else {
                Err(format!("{found:?}"))
            }
        })
    };
    let found = row(false);
    let late_ms = found.start_ms - began_ms;
    assert!(
        (-1.0..=11.0).contains(&late_ms),
        "it began {late_ms} ms after what /proc says: {found:?}"
    );
    let expected = [oracle::path("burn"), "pause".into(), "400".into()];
    assert_eq!(found.args.as_deref(), Some(&expected[..]), "{found:?}");
    assert_eq!(
        found.exe.as_deref(),
        Some(expected[0].as_str()),
        "{found:?}"
    );
    assert_eq!(found.exit_code, None, "it lives");

    oracle.close_stdin();
    let truth = truths(&oracle.finish(RUNS_WITHIN).success().stdout).remove(0);
    let ended = row(true);
    assert_eq!(
        (&ended.id, ended.start_ms),
        (&found.id, found.start_ms),
        "the same process with the same start"
    );
    // Its account begins where it was found: what it had used before is nobody's to tell when.
    let since = number(&truth, "cpu_ns") - number(&paused, "cpu_ns");
    assert_within("CPU since it was found", ended.total("cpu_ns"), since, 0.01);
    assert_eq!(ended.exit_code, Some(0), "{ended:?}");
    up.stop();
}
