//! A container under Docker: found while it lives, named and kept when it has gone, also with `--rm`.

use crate::engine::{
    ORACLES, assert_storm, docker, image, name as unique, named, of_oracle, oracles_mount, up,
};
use crate::harness::api::Container;
use crate::harness::http::segment;
use crate::harness::oracle::truths;
use crate::harness::process::Process;
use crate::harness::program::turn;
use crate::harness::up::{Data, RUNS_WITHIN};
use crate::harness::wait;

const SECRETS: [&str; 3] = [
    "hunter2-of-the-label",
    "hunter2-of-the-url",
    "hunter2-of-the-token",
];

#[test]
fn a_container_is_found_recorded_and_shown_afterwards() {
    let _turn = turn();
    let data = Data::new();
    let up = up(&data);
    let (name, storm, cidfile) = (
        &unique("docker-one"),
        format!("{ORACLES}/storm"),
        data.path().join("cid"),
    );
    let labels = [
        "org.example.site=lyon".to_owned(),
        format!("org.example.start=serve --password={}", SECRETS[0]),
        format!(
            "org.example.db=postgres://reader:{}@db.example/stats",
            SECRETS[1]
        ),
        format!("org.example.env=GITHUB_TOKEN={}", SECRETS[2]),
    ];
    let mut command = docker(&[
        "run",
        "--rm",
        "--interactive",
        "--name",
        name,
        "--network",
        "none",
        "--memory",
        "256m",
        "--cpus",
        "1.5",
        "--pids-limit",
        "200",
    ]);
    command
        .arg("--cidfile")
        .arg(&cidfile)
        .args(["-v", &oracles_mount()]);
    command.args(labels.iter().flat_map(|label| ["--label", label]));
    let container = Process::start(command.args([&image(), &storm, "300", "mix", "-"]));

    let live = wait::until("the living container", RUNS_WITHIN, || {
        named(&up.api, name).and_then(|c| {
            // All of the storm, and what lingers of it.
            if c.processes > 300 && c.open_processes == 1 {
                Ok(c)
            } else {
                Err(format!("{c:?}"))
            }
        })
    });
    assert_eq!(
        (live.state.as_str(), live.ended_ms, live.open_processes),
        ("live", None, 1),
        "{live:?}"
    );
    let truth = truths(&container.finish(RUNS_WITHIN).success().stdout).remove(0);
    let past = up.api.past(&live.id);
    assert_facts(
        &past,
        name,
        &std::fs::read_to_string(&cidfile).expect("Docker wrote the id"),
    );

    let processes = up.api.processes(&past.id);
    assert_storm(&processes, &truth);
    let root = of_oracle(&processes, "storm")
        .into_iter()
        .find(|p| p.container_pid == Some(1))
        .expect("it is pid 1 in its container");
    assert!(root.is_root, "{root:?}");
    assert_eq!(
        processes.iter().filter(|p| p.is_root).count(),
        1,
        "one root: {processes:?}"
    );
    assert_eq!(root.args(), [&storm, "300", "mix", "-"]);

    // Either spelling of the id opens it, on both kinds of routes.
    let short = past
        .short_id
        .as_deref()
        .expect("an id of 64 digits has a short form");
    assert_eq!(up.api.container(short).map(|c| c.id), Some(past.id.clone()));
    let seed = |id: &str| up.api.get(&format!("/container/{id}/proc")).body;
    assert_eq!(seed(short), seed(&past.id));

    let routes = ["", "/processes", "/losses"]
        .map(|below| format!("/api/v1/containers/{}{below}", segment(&past.id)));
    let mut places: Vec<_> = routes
        .iter()
        .map(|route| (route.as_str(), up.api.get(route).body))
        .collect();
    places.push(("the list", up.api.get("/api/v1/containers").body));
    places.push((
        "the files",
        String::from_utf8_lossy(&up.stored_bytes()).into_owned(),
    ));
    places.push(("the log", up.stderr()));
    for (place, text) in places {
        assert!(
            SECRETS.iter().all(|secret| !text.contains(secret)),
            "{place} holds a label's secret: {text}"
        );
    }
    up.stop();
}

fn assert_facts(container: &Container, name: &str, id: &str) {
    assert_eq!(
        (
            container.id.as_str(),
            container.name.as_str(),
            container.kind.as_str()
        ),
        (id, name, "docker")
    );
    assert_eq!(container.short_id.as_deref(), Some(&id[..12]));
    let image_name = container.image.as_deref().unwrap_or_default();
    assert_eq!(
        image_name.trim_end_matches(":latest"),
        image(),
        "--rm does not take the image's name along"
    );
    let limits = &container.limits;
    assert_eq!(
        (limits.memory_bytes, limits.cpu_milli, limits.pids),
        (Some(256 << 20), Some(1_500), Some(200))
    );
    assert_eq!(
        container.labels.get("org.example.site").map(String::as_str),
        Some("lyon"),
        "{:?}",
        container.labels
    );
    let label = |name: &str| {
        container
            .labels
            .get(name)
            .unwrap_or_else(|| panic!("the label {name} is gone: {:?}", container.labels))
    };
    assert!(
        label("org.example.start").starts_with("serve --password="),
        "masked, not removed"
    );
    assert!(
        label("org.example.db").ends_with("@db.example/stats")
            && label("org.example.env").starts_with("GITHUB_TOKEN=")
    );
}

#[test]
fn a_container_that_was_there_before_is_found_with_its_name() {
    let _turn = turn();
    let data = Data::new();
    let (name, storm) = (&unique("docker-before"), format!("{ORACLES}/storm"));
    let mut command = docker(&[
        "run",
        "--rm",
        "--interactive",
        "--name",
        name,
        "--network",
        "none",
        "-v",
        &oracles_mount(),
        &image(),
        &storm,
        "1",
        "fork",
        "-",
    ]);
    let container = Process::start(&mut command);
    wait::until("the container to run", RUNS_WITHIN, || {
        let shown = Process::start(&mut docker(&[
            "ps",
            "--filter",
            &format!("name={name}"),
            "--format",
            "{{.Status}}",
        ]))
        .finish(RUNS_WITHIN);
        if shown.stdout.iter().any(|line| line.starts_with("Up")) {
            Ok(())
        } else {
            Err(format!("{:?} {}", shown.stdout, shown.stderr))
        }
    });
    let up = up(&data);
    let found = wait::until("the container", RUNS_WITHIN, || named(&up.api, name));
    assert_eq!(
        (found.kind.as_str(), found.state.as_str()),
        ("docker", "live"),
        "{found:?}"
    );
    container.finish(RUNS_WITHIN).success();
    let past = up.api.past(&found.id);
    assert!(past.image.is_some(), "{past:?}");
    let processes = up.api.processes(&found.id);
    let root = of_oracle(&processes, "storm")
        .into_iter()
        .find(|p| p.container_pid == Some(1))
        .expect("it is recorded");
    assert_eq!(
        (root.exit_code, root.is_root, root.args()),
        (Some(0), true, vec![storm.as_str(), "1", "fork", "-"]),
        "{root:?}"
    );
    up.stop();
}
