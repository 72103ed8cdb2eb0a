//! On the real kernel, as root: keys, paths and a run's cgroup in version 2 and in v1's memory hierarchy.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::*;

/// A cgroup that goes when the test does.
struct Made(PathBuf);

impl Made {
    fn below(parent: &std::path::Path, name: &str) -> Self {
        let directory = parent.join(format!("bc-test-{}-{name}", std::process::id()));
        fs::create_dir(&directory).unwrap_or_else(|error| {
            panic!("{}: {error}; this test needs root", directory.display())
        });
        Self(directory)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

fn of_each_version(hierarchies: &Hierarchies) -> Vec<&Hierarchy> {
    let both: Vec<_> = hierarchies
        .get(0)
        .into_iter()
        .chain(hierarchies.of_controller("memory"))
        .collect();
    assert!(
        !both.is_empty(),
        "neither version 2 nor v1's memory hierarchy is mounted"
    );
    both
}

#[test]
fn hierarchy_ids_are_the_kernels() {
    let hierarchies = Hierarchies::mounted().unwrap();
    let table = fs::read_to_string("/proc/cgroups").unwrap();
    let mut v1 = 0;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<_> = line.split_whitespace().collect();
        let id: u32 = fields[1].parse().unwrap();
        if let Some(hierarchy) = hierarchies.of_controller(fields[0]) {
            assert_eq!(hierarchy.id(), id, "{line}");
            assert!(!hierarchy.is_unified());
            v1 += 1;
        }
    }
    assert!(v1 > 0 || hierarchies.get(0).is_some());
    for hierarchy in hierarchies.iter() {
        let root = hierarchies.key_of(hierarchy.mount_point()).unwrap();
        assert_eq!(root.hierarchy, hierarchy.id());
        assert_eq!(hierarchies.path_of(root).as_deref(), Some("/"));
    }
}

#[test]
fn a_key_leads_back_to_its_path_until_the_cgroup_goes() {
    let hierarchies = Hierarchies::mounted().unwrap();
    for hierarchy in of_each_version(&hierarchies) {
        let outer = Made::below(hierarchy.mount_point(), "key");
        let inner = Made::below(&outer.0, "in ner");
        let key = hierarchies.key_of(&inner.0).unwrap();
        assert_eq!(key.hierarchy, hierarchy.id());
        assert_eq!(
            key.id,
            fs::metadata(&inner.0).unwrap().ino(),
            "the inode number is the cgroup's id"
        );
        let path = format!(
            "/{}",
            inner
                .0
                .strip_prefix(hierarchy.mount_point())
                .unwrap()
                .display()
        );
        assert_eq!(hierarchies.path_of(key).as_deref(), Some(path.as_str()));
        assert_eq!(
            hierarchy.directory_of(&path).as_deref(),
            Some(inner.0.as_path())
        );
        drop(inner);
        assert_eq!(
            hierarchies.path_of(key),
            None,
            "a cgroup that is gone has no path"
        );
    }
}

#[test]
fn what_is_no_cgroup_has_no_key() {
    let hierarchies = Hierarchies::mounted().unwrap();
    assert!(matches!(
        hierarchies.key_of("/tmp".as_ref()),
        Err(CgroupError::NotACgroup(_))
    ));
    assert!(matches!(
        hierarchies.key_of("/nowhere".as_ref()),
        Err(CgroupError::Look { .. })
    ));
    let file = hierarchies
        .iter()
        .next()
        .unwrap()
        .mount_point()
        .join("cgroup.procs");
    assert!(matches!(
        hierarchies.key_of(&file),
        Err(CgroupError::NotACgroup(_))
    ));
    assert_eq!(hierarchies.path_of(CgroupKey::new(0, u64::MAX)), None);
    assert_eq!(hierarchies.path_of(CgroupKey::new(u32::MAX, 1)), None);
}

#[test]
fn a_walk_meets_every_cgroup_after_its_parent() {
    let hierarchies = Hierarchies::mounted().unwrap();
    for hierarchy in of_each_version(&hierarchies) {
        let outer = Made::below(hierarchy.mount_point(), "walk");
        let inner = Made::below(&outer.0, "inner");
        let met: Vec<_> = hierarchies
            .walk()
            .filter(|cgroup| cgroup.key.hierarchy == hierarchy.id())
            .collect();
        assert_eq!(met[0].path, "/");
        let place = |directory| {
            let key = hierarchies.key_of(directory).unwrap();
            let at = met
                .iter()
                .position(|cgroup| cgroup.key == key)
                .expect("met");
            assert_eq!(Some(&met[at].path), hierarchies.path_of(key).as_ref());
            at
        };
        assert!(place(&outer.0) < place(&inner.0));
    }
}

#[test]
fn a_run_enters_its_cgroup_before_it_executes() {
    let hierarchies = Hierarchies::mounted().unwrap();
    let cgroup = RunCgroup::below_caller(&hierarchies, "a/b c").unwrap();
    let name = format!("/bubble-chamber-a_b_c-{}", std::process::id());
    assert!(cgroup.path().ends_with(&name), "{}", cgroup.path());
    let other = RunCgroup::below_caller(&hierarchies, "a/b c").unwrap();
    assert!(
        other.path().ends_with(&format!("{name}.2")),
        "{}",
        other.path()
    );
    other.remove(Duration::ZERO).unwrap();
    assert_eq!(
        hierarchies.path_of(cgroup.key()).as_deref(),
        Some(cgroup.path())
    );

    let procs = cgroup.procs_fd().try_clone_to_owned().unwrap();
    let mut command = Command::new("cat");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .arg("/proc/self/cgroup")
        .arg("-");
    // SAFETY: `enter` is one system call and allocates nothing.
    unsafe { command.pre_exec(move || enter(std::os::fd::AsFd::as_fd(&procs))) };
    let mut child = command.spawn().unwrap();

    let directory = cgroup.directory().to_owned();
    fs::create_dir(directory.join("made-by-the-command")).unwrap();
    drop(child.stdin.take());
    let said = child.wait_with_output().unwrap();
    let line = format!("{}:", cgroup.key().hierarchy);
    let said = String::from_utf8(said.stdout).unwrap();
    let own = said.lines().find(|text| text.starts_with(&line)).unwrap();
    assert!(own.ends_with(&format!(":{}", cgroup.path())), "{own}");
    cgroup.remove(Duration::from_secs(5)).unwrap();
    assert!(!directory.exists());
}

#[test]
fn a_run_that_left_a_process_keeps_its_cgroup_and_says_so() {
    let hierarchies = Hierarchies::mounted().unwrap();
    let cgroup = RunCgroup::below_caller(&hierarchies, "daemon").unwrap();
    let directory = cgroup.directory().to_owned();
    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    cgroup.add(child.id()).unwrap();
    let error = cgroup.remove(Duration::from_millis(20)).unwrap_err();
    assert!(matches!(error, CgroupError::InUse { .. }), "{error}");
    assert!(directory.exists());
    drop(child.stdin.take());
    child.wait().unwrap();
    fs::remove_dir(directory).unwrap();
}

#[test]
fn without_version_2_a_run_gets_a_cgroup_whose_limits_always_reach_it() {
    let hierarchies = Hierarchies::mounted().unwrap();
    let Some(pids) = hierarchies.of_controller("pids").map(Hierarchy::id) else {
        return;
    };
    let v1 = Hierarchies(
        hierarchies
            .0
            .into_iter()
            .filter(|hierarchy| !hierarchy.is_unified())
            .collect(),
    );
    let cgroup = RunCgroup::below_caller(&v1, "old").unwrap();
    assert_eq!(cgroup.key().hierarchy, pids);
    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    cgroup.add(child.id()).unwrap();
    let own =
        procfs::memberships(&fs::read_to_string(format!("/proc/{}/cgroup", child.id())).unwrap());
    assert!(
        own.iter()
            .any(|own| own.hierarchy == pids && own.path == cgroup.path()),
        "{own:?}"
    );
    drop(child.stdin.take());
    child.wait().unwrap();
    cgroup.remove(Duration::from_secs(5)).unwrap();

    let none = Hierarchies(Vec::new());
    let error = RunCgroup::below_caller(&none, "x").unwrap_err().to_string();
    assert!(
        error.starts_with("cannot make a cgroup for the command"),
        "{error}"
    );
}

#[test]
fn in_a_threaded_cgroup_a_run_still_gets_one() {
    let hierarchies = Hierarchies::mounted().unwrap();
    let Some(unified) = hierarchies.get(0) else {
        return;
    };
    let domain = Made::below(unified.mount_point(), "threaded");
    let threaded = Made::below(&domain.0, "inner");
    fs::write(threaded.0.join("cgroup.type"), "threaded").unwrap();
    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    // The parent of a threaded cgroup is the place where a plain child would refuse processes.
    fs::write(domain.0.join("cgroup.procs"), child.id().to_string()).unwrap();
    let cgroup = RunCgroup::below(&hierarchies, child.id(), "job").unwrap();
    assert_eq!(cgroup.key().hierarchy, 0);
    cgroup.add(child.id()).unwrap();
    drop(child.stdin.take());
    child.wait().unwrap();
    cgroup.remove(Duration::from_secs(5)).unwrap();
}

#[test]
fn where_a_cgroup_was_delegated_a_runs_is_too() {
    let hierarchies = Hierarchies::mounted().unwrap();
    for hierarchy in of_each_version(&hierarchies) {
        let only = Hierarchies::mounted().unwrap();
        let only = Hierarchies(
            only.0
                .into_iter()
                .filter(|other| other.id() == hierarchy.id())
                .collect(),
        );
        let outer = Made::below(hierarchy.mount_point(), "delegated");
        std::os::unix::fs::chown(&outer.0, Some(4242), Some(4343)).unwrap();
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        fs::write(outer.0.join("cgroup.procs"), child.id().to_string()).unwrap();
        let cgroup = RunCgroup::below(&only, child.id(), "theirs").unwrap();
        assert!(cgroup.is_below(&only, child.id()));
        for file in ["", "cgroup.procs"] {
            let owner = fs::metadata(cgroup.directory().join(file)).unwrap();
            assert_eq!((owner.uid(), owner.gid()), (4242, 4343), "{file}");
        }
        cgroup.add(child.id()).unwrap();
        assert!(!cgroup.is_below(&only, child.id()));
        cgroup.send_back().unwrap();
        assert!(cgroup.is_below(&only, child.id()));
        cgroup.remove(Duration::from_secs(5)).unwrap();
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}

#[test]
fn only_what_nobody_is_in_or_about_to_enter_is_deserted() {
    let hierarchies = Hierarchies::mounted().unwrap();
    for hierarchy in of_each_version(&hierarchies) {
        let outer = Made::below(hierarchy.mount_point(), "deserted");
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let (name, pid) = ("bubble-chamber-a-b", child.id());
        let made = [
            format!("{name}-{pid}"),
            format!("{name}-{pid}.2"),
            // As builds before this one called the second of a name.
            format!("{name}-{pid}-3"),
        ];
        let made = made.map(|name| outer.0.join(name));
        for directory in &made {
            fs::create_dir_all(directory.join("inside/deeper")).unwrap();
            assert!(!remove_if_deserted(directory), "who enters it still lives");
        }
        // Somebody else is deep in the second.
        let mut other = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        fs::create_dir(made[1].join("inside/busy")).unwrap();
        let procs = made[1].join("inside/busy/cgroup.procs");
        fs::write(procs, other.id().to_string()).unwrap();
        drop(child.stdin.take());
        child.wait().unwrap();

        let gone = made
            .each_ref()
            .map(|directory| remove_if_deserted(directory));
        assert_eq!(gone, [true, false, true]);
        assert!(!made[0].exists() && made[1].join("inside/deeper").exists() && !made[2].exists());
        drop(other.stdin.take());
        other.wait().unwrap();
        assert!(remove_if_deserted(&made[1]));

        for name in [
            "bubble-chamber-test-slurm",
            "bubble-chamber-",
            "other-a-999999",
        ] {
            let others = Made::below(&outer.0, "others");
            let directory = others.0.join(name);
            fs::create_dir(&directory).unwrap();
            assert!(!remove_if_deserted(&directory), "{name} is no run's");
            fs::remove_dir(directory).unwrap();
        }
    }
}
