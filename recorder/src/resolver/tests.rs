//! What owns the paths that runtimes make, and what does not; globs.

mod docs;
mod paths;

use bc_schema::{ContainerId, ContainerKind::*};

use super::{BadGlob, Candidate, Excludes, Globs, Units, candidate, resolve};
use paths::{A, NOBODYS, OWNED, written_out};

#[test]
fn every_path_has_its_owner() {
    for row in OWNED {
        let (path, id, top) = (
            written_out(row.path),
            written_out(row.id),
            written_out(row.top),
        );
        let (form, kind) = (row.form, row.kind.name());
        let found = resolve(&path).unwrap_or_else(|| panic!("{kind}, {form}: nobody owns {path}"));
        assert_eq!(
            (found.kind, &*found.id, found.container_path, found.uid),
            (row.kind, &*id, &*top, row.uid),
            "{kind}, {form}: {path}"
        );
        assert_eq!(found.is_top, path == top, "{kind}, {form}: {path}");
        assert_eq!(found.is_sluid, row.form.ends_with("SLUID"), "{path}");
    }
}

#[test]
fn the_top_of_a_container_is_owned_as_what_is_below_it() {
    for row in OWNED {
        let (id, top) = (written_out(row.id), written_out(row.top));
        let found = resolve(&top);
        let said = found.map(|found| (found.kind, found.id, found.container_path, found.is_top));
        let expected = Some((row.kind, (&*id).into(), &*top, true));
        assert_eq!(said, expected, "{}: {top}", row.form);
    }
}

#[test]
fn what_holds_containers_or_is_foreign_is_nobodys() {
    for &(form, path) in NOBODYS {
        let path = written_out(path);
        assert_eq!(resolve(&path), None, "{form}: {path}");
    }
    assert_eq!(resolve(&format!("/docker/{A}a")), None, "65 digits");
}

#[test]
fn odd_slashes_change_no_owner() {
    let path = written_out("//docker//A/");
    let found = resolve(&path).expect("a container");
    assert_eq!(
        (&*found.id, found.container_path),
        (A, &*written_out("//docker//A"))
    );
}

#[test]
fn a_glob_takes_the_shortest_ancestor() {
    let globs = Globs::new(&["/system.slice/*.service", "batch/**", "/a/{b,c}?"]).unwrap();
    let owner = |path: &'static str| {
        globs
            .matches(path)
            .map(|found| (found.container_path, found.is_top))
    };
    assert_eq!(
        owner("/system.slice/cron.service"),
        Some(("/system.slice/cron.service", true))
    );
    assert_eq!(
        owner("/system.slice/cron.service/a/b"),
        Some(("/system.slice/cron.service", false))
    );
    assert_eq!(owner("/system.slice/docker.socket"), None);
    assert_eq!(
        owner("/system.slice/x/y.service"),
        None,
        "`*` stays within a name"
    );
    assert_eq!(owner("/batch/1/2"), Some(("/batch/1", false)));
    assert_eq!(owner("/batch"), None, "it holds them");
    assert_eq!(owner("/a/b1/x"), Some(("/a/b1", false)));
    assert_eq!(owner("/"), None);
    let everything = Globs::new(&["/**"]).unwrap();
    assert_eq!(everything.matches("/"), None, "the root is the machine");
    let found = everything.matches("/x/y").unwrap();
    assert_eq!((found.kind, &*found.id, found.uid), (Cgroup, "/x", None));
}

#[test]
fn a_glob_that_says_nothing_is_refused() {
    assert_eq!(Globs::new(&["/"]).unwrap_err(), BadGlob::Root("/".into()));
    assert!(
        Globs::new(&["/a[".to_owned()])
            .unwrap_err()
            .to_string()
            .starts_with("cannot read the glob `/a[`: ")
    );
    assert!(Globs::new::<&str>(&[]).unwrap().matches("/a").is_none());
}

#[test]
fn excludes_look_at_id_name_image_and_cgroup() {
    let id = ContainerId::new(A).unwrap();
    let out = |globs: &[&str]| {
        Excludes::new(globs).unwrap().excluded(
            &id,
            Some("web-1"),
            Some("ghcr.io/acme/web:2"),
            "/docker/A",
        )
    };
    for glob in [
        A,
        &A[..12],
        "web-*",
        "ghcr.io/*",
        "*/web:?",
        "/docker/*",
        "{x,web-1}",
    ] {
        assert!(out(&[glob]), "{glob}");
    }
    for glob in ["web", "sysdig", "ghcr.io", "/docker", "WEB-1"] {
        assert!(!out(&[glob]), "{glob}");
    }
}

#[test]
fn a_unit_is_found_by_its_name_the_outermost_first() {
    let units = Units::new(&[
        "nginx.service",
        "postgresql@*",
        "app-*.scope",
        "batch.slice",
    ])
    .unwrap();
    let owner = |path: &str| {
        units
            .matches(path)
            .map(|found| (found.id.into_owned(), found.container_path.to_owned()))
    };
    let of = |id: &str, top: &str| Some((id.to_owned(), top.to_owned()));
    assert_eq!(
        owner("/system.slice/nginx.service/worker"),
        of("nginx.service", "/system.slice/nginx.service")
    );
    let cluster = "/system.slice/system-postgresql.slice/postgresql@15-main.service";
    assert_eq!(owner(cluster), of("postgresql@15-main.service", cluster));
    assert_eq!(
        owner("/batch.slice/nginx.service"),
        of("batch.slice", "/batch.slice")
    );
    let users = "/user.slice/user-7.slice/user@7.service/app.slice/app-mail.scope";
    assert_eq!(owner(users), of("user@7.service/app-mail.scope", users));
    let found = units.matches(users).unwrap();
    assert_eq!(
        (found.kind, found.uid, found.is_top),
        (Systemd, Some(7), true)
    );
    for path in [
        "/system.slice",
        "/system.slice/nginx.service.d",
        "/docker/x/nginx.service",
        "/system.slice/sshd.service/nginx.socket2/nginx.service",
        "/",
    ] {
        assert_eq!(owner(path), None, "{path}");
    }
    assert!(Units::new::<&str>(&[]).unwrap().matches(users).is_none());
}

#[test]
fn a_namespace_of_containerd_is_guessed_at_the_top_alone() {
    let expected = Candidate {
        namespace: "ci",
        id: "web",
        known_by: "ci/web",
        container_path: "/ci/web",
    };
    assert_eq!(candidate("/ci/web/a/b"), Some(expected));
    let path = written_out("/ci/A");
    assert_eq!(candidate(&path).map(|found| found.known_by), Some(A));
    for path in ["", "/", "/ci", "/ci/", "ci/web"] {
        assert_eq!(candidate(path), None, "{path}");
    }
}
