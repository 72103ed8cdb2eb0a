//! Which source wins, and what is refused.

use super::*;

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

fn resolve(flags: Layer, variables: &[(&str, &str)], file: &str) -> anyhow::Result<Settings> {
    let file = file::parse(file)?;
    let settings = Settings::from(flags.over(environment(variables).layer()?).over(file));
    settings.check_secret()?;
    settings.recorder.capacities.check()?;
    Ok(settings)
}

#[test]
fn a_flag_goes_before_the_environment_before_the_file_before_the_default() {
    let file = "web: {prefix: /file}\nretention: {seconds: 10, minutes: 20, hours: 30}\n";
    let flags = || Layer {
        seconds_s: Some(1000),
        ..Layer::default()
    };
    let variables = [
        ("BC_RETENTION_SECONDS", "100"),
        ("BC_RETENTION_MINUTES", "200"),
    ];

    let all = resolve(flags(), &variables, file).unwrap();
    assert_eq!(
        all.retention,
        Retention {
            seconds_s: 1000,
            minutes_s: 200,
            hours_s: 30
        }
    );
    assert_eq!(all.prefix, "/file");

    let none = resolve(Layer::default(), &[], "").unwrap();
    assert_eq!(
        none.retention,
        Retention {
            seconds_s: 3600,
            minutes_s: 172_800,
            hours_s: 10_368_000
        }
    );
    assert_eq!(
        (none.listen, none.prefix.as_str(), none.auth),
        (DEFAULT_LISTEN, "", true)
    );
    assert_eq!(none.data, Path::new("/var/lib/bubble-chamber"));
}

#[test]
fn the_example_file_says_the_defaults_and_knows_every_key() {
    let example = include_str!("../../docs/bubble-chamber.example.yml");
    let layer = file::parse(example).unwrap();
    assert!(
        layer.prefix.is_none() && layer.secret.is_none(),
        "everything is commented out"
    );

    // Every commented key is one that is known: the same file with the comments' marks taken off.
    let all: Vec<_> = example
        .lines()
        .map(|line| uncommented(line).unwrap_or(line.into()))
        .collect();
    let layer = file::parse(&all.join("\n")).unwrap();
    assert_eq!(layer.listen, Some(DEFAULT_LISTEN));
    assert_eq!(
        (layer.seconds_s, layer.minutes_s, layer.hours_s),
        (Some(3600), Some(172_800), Some(10_368_000))
    );
    assert_eq!(
        (layer.auth, layer.hostname.as_deref()),
        (Some(true), Some("stats.example.org"))
    );
    assert_eq!(
        layer.capacities,
        Some(bc_recorder::Capacities::default()),
        "the file says the defaults"
    );
    assert_eq!(layer.mask.unwrap(), [r"--license-key[= ](\S+)"]);
    let copied = Layer {
        secret: layer.secret,
        ..Layer::default()
    };
    assert!(
        resolve(copied, &[], "").is_err(),
        "whoever copies the example's secret is told"
    );
}

/// `  # key: value` without its mark; prose stays a comment.
#[test]
fn what_is_excluded_is_added_to_what_always_is_and_units_are_named_anywhere() {
    let file = "recorder: {exclude: [\"ci-*\"], units: [nginx.service], containerd_states: [/c]}\n";
    let recorder = resolve(Layer::default(), &[], file).unwrap().recorder;
    assert_eq!(recorder.exclude, ["sysdig", "host", "cassandra", "ci-*"]);
    assert_eq!(recorder.units, ["nginx.service"]);
    assert_eq!(recorder.containerd_states, [Path::new("/c")]);
    let flags = Layer {
        exclude: Some(vec!["tmp-*".into()]),
        units: Some(vec!["postgresql@*".into()]),
        ..Layer::default()
    };
    let recorder = resolve(flags, &[], file).unwrap().recorder;
    assert_eq!(recorder.exclude, ["sysdig", "host", "cassandra", "tmp-*"]);
    assert_eq!(recorder.units, ["postgresql@*"]);
}

fn uncommented(line: &str) -> Option<String> {
    let (indent, rest) = line.split_once("# ")?;
    let (key, _) = rest.split_once(": ")?;
    let is_key = key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    (indent.trim().is_empty() && is_key).then(|| format!("{indent}{rest}"))
}

#[test]
fn the_predecessors_file_is_read() {
    let file = "cassandra:\n  hosts: [a, b]\n  cluster: sysdig\nconsul: {host: c, id: d}\n\
                auth:\n  enable: false\n  secret: s3cr3t-of-a-site\nweb:\n  hostname: stats\n  port: 5555\n  prefix: x/\n";
    let settings = Settings::from(file::parse(file).unwrap());
    assert_eq!(settings.listen, "127.0.0.1:5555".parse().unwrap());
    assert_eq!(
        (settings.prefix.as_str(), settings.hostname.as_deref()),
        ("/x", Some("stats"))
    );
    assert_eq!(
        (settings.auth, settings.secret.unwrap().expose()),
        (false, "s3cr3t-of-a-site")
    );
}

#[test]
fn a_key_that_is_not_known_is_refused_with_its_line_and_what_was_meant() {
    let refused = |file: &str| file::parse(file).map(drop).unwrap_err().to_string();
    for (file, parts) in [
        (
            "recorder:\n  host: a\n  exlude: [\"ci-*\"]\n",
            ["recorder: ", "`exlude`", "is `exclude` meant", "line 3 "],
        ),
        (
            "data: /d\nexclude: [\"ci-*\"]\n",
            ["", "`exclude`", "is `recorder.exclude` meant", "line 2 "],
        ),
        (
            "recorder: {capacities: {rings: 2}}",
            [
                "recorder.capacities: ",
                "`rings`",
                "is `ring_bytes` meant",
                "line 1 ",
            ],
        ),
        (
            "auth:\n\n  colour: red\n",
            ["auth: ", "`colour`", "there are: enable, secret", "line 3 "],
        ),
        (
            "web: {port: 1, prefix: a, port: 2}",
            ["web: ", "`port`", "twice", "line 1 "],
        ),
    ] {
        let told = refused(file);
        for part in parts {
            assert!(told.contains(part), "{part:?} in: {told}");
        }
    }
}

#[test]
fn a_section_of_comments_alone_is_empty_and_a_list_is_none() {
    let layer = file::parse("web:\n  # port: 1\nrecorder:\n  capacities:\n").unwrap();
    assert_eq!((layer.listen, layer.capacities), (None, None));
    assert!(file::parse("").unwrap().data.is_none());
    let told = file::parse("web: [1]").map(drop).unwrap_err().to_string();
    assert!(told.contains("listen, hostname, port, prefix"), "{told}");
}

#[test]
fn variables_that_are_no_settings_are_told_with_what_was_meant() {
    let environment = environment(&[
        ("BC_RETENTION_MINUTE", "1"),
        ("BC_COLOUR", "red"),
        ("BC_PREFIX", "/x"),
        ("BC_ENV_ARGS", "-l"),
        ("PATH", "/bin"),
    ]);
    let strangers = environment.strangers();
    let told: Vec<_> = strangers
        .iter()
        .map(|stranger| (stranger.name.as_str(), stranger.meant))
        .collect();
    assert_eq!(
        told,
        [
            ("BC_COLOUR", None),
            ("BC_RETENTION_MINUTE", Some("BC_RETENTION_MINUTES"))
        ]
    );
}

#[test]
fn every_variable_that_is_read_is_in_the_readme() {
    let readme = include_str!("../../README.md");
    for name in environment::KNOWN {
        assert!(readme.contains(name), "{name}");
    }
}

#[test]
fn switches_of_the_environment_understand_no() {
    let auth = |value| {
        resolve(Layer::default(), &[("AUTH_DISABLE", value)], "")
            .unwrap()
            .auth
    };
    assert!(!auth("1") && !auth("true") && !auth("yes"));
    assert!(auth("") && auth("0") && auth("False") && auth("off"));
    assert_eq!(
        resolve(Layer::default(), &[("BC_DEBUG", "1")], "log: warn")
            .unwrap()
            .log
            .as_deref(),
        Some("debug")
    );
}

#[test]
fn what_is_unsafe_is_refused() {
    let refused = |variables: &[(&str, &str)], listen: &str| {
        let flags = Layer {
            listen: Some(listen.parse().unwrap()),
            ..Layer::default()
        };
        let Ok(settings) = resolve(flags, variables, "") else {
            return true;
        };
        let secret = settings
            .secret
            .clone()
            .unwrap_or(Secret::new("k2J8-vQ0x_Zr5LmN7tWd"));
        settings
            .web(settings.listen, String::new(), secret)
            .check()
            .is_err()
    };
    let off = ("AUTH_DISABLE", "1");
    assert!(refused(&[off], "0.0.0.0:5000"));
    assert!(!refused(&[off], "127.0.0.1:5000"));
    assert!(!refused(&[off, ("BC_INSECURE", "1")], "0.0.0.0:5000"));
    assert!(!refused(&[], "0.0.0.0:5000"));
    assert!(refused(&[("AUTH_SECRET", "")], "127.0.0.1:1"));
    assert!(
        !refused(&[("AUTH_SECRET", ""), off], "127.0.0.1:1"),
        "nobody signs"
    );
    assert!(refused(&[("BC_PREFIX", "a b")], "127.0.0.1:1"));
    assert!(!refused(&[("BC_PREFIX", "a/b/")], "127.0.0.1:1"));
}

#[test]
fn what_is_no_number_is_named() {
    let error = resolve(Layer::default(), &[("BC_RETENTION_HOURS", "soon")], "").unwrap_err();
    assert!(format!("{error:#}").contains("BC_RETENTION_HOURS=soon"));
    assert!(resolve(Layer::default(), &[], "web: {port: many}").is_err());
    let error = resolve(Layer::default(), &[], "web: {listen: 5000}").unwrap_err();
    assert!(error.to_string().contains("as 127.0.0.1:5000"), "{error}");
    let named = resolve(Layer::default(), &[], "web: {listen: \"localhost:81\"}").unwrap();
    assert_eq!(named.listen, "127.0.0.1:81".parse().unwrap());
}

#[test]
fn a_capacity_that_cannot_be_is_refused_by_name() {
    let processes = |room: &str| {
        resolve(Layer::default(), &[], room).map(|all| all.recorder.capacities.processes)
    };
    assert_eq!(
        processes("recorder: {capacities: {processes: 16}}").unwrap(),
        16
    );
    assert_eq!(
        processes("recorder: {capacities: {watches: 99}}").unwrap(),
        bc_recorder::Capacities::default().processes
    );
    let error = processes("recorder: {capacities: {ring_bytes: 5000}}").unwrap_err();
    assert!(
        error.to_string().contains("`ring_bytes` is 5000"),
        "{error}"
    );
}

#[test]
fn a_secret_is_never_printed() {
    let settings = resolve(
        Layer::default(),
        &[("AUTH_SECRET", "hq8sd0q-a-real-one")],
        "",
    )
    .unwrap();
    assert!(!format!("{settings:?}").contains("hq8sd0q"));
}
