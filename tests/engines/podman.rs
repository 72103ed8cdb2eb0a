//! A container under Podman with runc.

use crate::engine::{ORACLES, assert_storm, name as unique, named, oracles_mount, podman, up};
use crate::harness::oracle::truths;
use crate::harness::process::Process;
use crate::harness::program::{required, turn};
use crate::harness::up::{Data, RUNS_WITHIN};
use crate::harness::wait;

#[test]
fn a_container_is_found_recorded_and_shown_afterwards() {
    let _turn = turn();
    let data = Data::new();
    let up = up(&data);
    let (name, storm) = (&unique("podman-one"), format!("{ORACLES}/storm"));
    let rootfs = required("BC_ROOTFS", "a root file system with busybox");
    let mut command = podman(&[
        "run",
        "--rm",
        "--interactive",
        "--name",
        name,
        "--network",
        "none",
        "--label",
        "org.example.site=lyon",
        "--label",
    ]);
    command.args([
        "org.example.start=serve --password=hunter2-of-the-label",
        "-v",
        &oracles_mount(),
        "--rootfs",
        &rootfs,
    ]);
    let container = Process::start(command.args([&storm, "300", "mix", "-"]));

    let live = wait::until("the living container", RUNS_WITHIN, || {
        named(&up.api, name).and_then(|c| {
            if c.processes > 200 {
                Ok(c)
            } else {
                Err(format!("{c:?}"))
            }
        })
    });
    assert_eq!(
        (live.state.as_str(), live.kind.as_str()),
        ("live", "podman"),
        "{live:?}"
    );
    let truth = truths(&container.finish(RUNS_WITHIN).success().stdout).remove(0);
    let past = up.api.past(&live.id);
    assert_eq!(&past.name, name, "--rm does not take the name along");
    assert_eq!(
        past.labels.get("org.example.site").map(String::as_str),
        Some("lyon"),
        "{:?}",
        past.labels
    );
    let processes = up.api.processes(&past.id);
    assert_storm(&processes, &truth);
    assert!(
        processes
            .iter()
            .any(|p| p.is_root && p.container_pid == Some(1) && p.name == "storm"),
        "{processes:?}"
    );
    assert!(
        !String::from_utf8_lossy(&up.stored_bytes()).contains("hunter2"),
        "the files hold a label's secret"
    );
    up.stop();
}
