//! When a life begins and ends, and whose a cgroup is.

use super::*;

fn recognised(id: &str, kind: ContainerKind) -> Recognised {
    Recognised {
        id: ContainerId::new(id).unwrap(),
        kind,
        cgroup: format!("/{id}"),
        uid: None,
    }
}

#[test]
fn many_cgroups_are_one_life_and_the_same_id_again_is_another() {
    let mut lives = Lives::new("h".into());
    let docker = recognised("a", ContainerKind::Docker);
    let (v2, memory) = (CgroupKey::new(0, 10), CgroupKey::new(4, 10));
    let first = lives.own(v2, &docker, 100);
    assert_eq!(lives.own(memory, &docker, 101), first);
    lives.gone(v2, 1, 200);
    assert!(!lives.over(first));
    lives.gone(memory, 2, 201);
    assert!(lives.over(first));
    let second = lives.own(CgroupKey::new(0, 11), &docker, 300);
    assert_ne!(first, second);
    assert_eq!(lives.remove(first).unwrap().last_ns, 201);
    assert_eq!(lives.current(&docker.id), Some(second));
}

#[test]
fn a_container_does_not_join_a_run_of_its_name() {
    let mut lives = Lives::new("h".into());
    let run = lives.own(
        CgroupKey::new(0, 8),
        &recognised("web", ContainerKind::Run),
        1,
    );
    let key = CgroupKey::new(0, 9);
    let container = lives.own(key, &recognised("web", ContainerKind::Lxc), 2);
    assert_ne!(run, container);
    assert_eq!(lives.owner(key), Some(Owner::Life(container)));
}

#[test]
fn a_run_owns_before_its_surroundings_and_the_undecided_is_not_guessed() {
    let mut lives = Lives::new("h".into());
    let job = lives.own(
        CgroupKey::new(4, 7),
        &recognised("job_1", ContainerKind::Slurm),
        1,
    );
    let run = lives.own(
        CgroupKey::new(9, 8),
        &recognised("mine", ContainerKind::Run),
        2,
    );
    let mut slots = [CgroupKey::default(); ENTRY_SLOTS];
    slots[1] = CgroupKey::new(4, 7);
    assert_eq!(lives.of(&slots), Some(Owner::Life(job)));
    slots[2] = CgroupKey::new(9, 8);
    assert_eq!(lives.of(&slots), Some(Owner::Life(run)));
    let inner = CgroupKey::new(4, 9);
    lives.own(inner, &recognised("job_1", ContainerKind::Slurm), 3);
    lives.own(inner, &recognised("mine", ContainerKind::Run), 4);
    lives.gone(CgroupKey::new(4, 7), 1, 5);
    assert!(lives.over(job), "what the run took is no longer the job's");
    slots[0] = CgroupKey::new(0, 1);
    assert_eq!(lives.of(&slots), None);
    lives.disown(CgroupKey::new(0, 1));
    assert_eq!(lives.of(&slots), Some(Owner::Life(run)));
}
