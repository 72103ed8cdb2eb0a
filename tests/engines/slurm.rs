//! A Slurm job with two steps, and beside it a `run`: each under the name its user knows.

use crate::engine::{assert_storm, of_oracle, up};
use crate::harness::assert_within;
use crate::harness::oracle::{self, number, truths};
use crate::harness::process::Process;
use crate::harness::program::{required, turn};
use crate::harness::up::{Data, RUNS_WITHIN, run_oracle};
use crate::harness::wait;

#[test]
fn a_job_on_version_2_is_one_container_by_its_number() {
    let _turn = turn();
    let settings = required(
        "BC_SLURM_V2_CONF",
        "the settings of a Slurm on cgroup version 2",
    );
    let data = Data::new();
    let up = up(&data);
    let storm = oracle::path("storm");
    let mut srun = std::process::Command::new("srun");
    srun.env("SLURM_CONF", settings).args([
        "sh",
        "-c",
        "echo \"\\\"$SLURM_JOB_ID\\\"\" && exec \"$0\" 30 mix 500",
        &storm,
    ]);
    let ended = Process::start(&mut srun).finish(RUNS_WITHIN).success();
    let said = truths(&ended.stdout);
    let job = format!("job_{}", said[0].as_str().expect("the job's number"));
    let past = up.api.past(&job);
    assert_eq!(past.kind, "slurm");
    assert!(
        past.cgroup.contains("slurmstepd.scope/job_"),
        "a path of version 2: {past:?}"
    );
    assert_storm(&up.api.processes(&job), &said[1]);
    up.stop();
}

#[test]
fn a_job_with_two_steps_is_one_container_by_its_number() {
    let _turn = turn();
    required("SLURM_CONF", "the settings of a running Slurm");
    let data = Data::new();
    let up = up(&data);
    let (storm, burn) = (oracle::path("storm"), oracle::path("burn"));
    let script = data.path().join("two-steps.sh");
    // It ends when it has been seen to live.
    let seen = data.path().join("seen");
    let text = format!(
        "#!/bin/sh\nsrun --ntasks=1 {storm} 300 mix\nsrun --ntasks=1 {burn} threads 2 400\n\
         until [ -e {} ]; do sleep 0.1; done\n",
        seen.display()
    );
    std::fs::write(&script, text).expect("a file can be written");
    let output = data.path().join("output");
    let mut command = std::process::Command::new("sbatch");
    command
        .args([
            "--parsable",
            "--wait",
            "--job-name",
            "two-steps",
            "--error",
            "/dev/null",
            "--output",
        ])
        .arg(&output)
        .arg(&script);
    let batch = Process::start(&mut command);
    let job = format!("job_{}", batch.line(RUNS_WITHIN).trim());

    wait::until("the first step", RUNS_WITHIN, || {
        match up.api.container(&job) {
            Some(live) if live.state == "live" && live.processes > 200 => Ok(()),
            found => Err(format!("{found:?}")),
        }
    });
    std::fs::write(&seen, "").expect("a file can be written");
    batch.finish(RUNS_WITHIN).success();
    let past = up.api.past(&job);
    assert_eq!(
        (past.id.as_str(), past.kind.as_str()),
        (job.as_str(), "slurm")
    );

    let printed: Vec<String> = std::fs::read_to_string(&output)
        .expect("the job wrote")
        .lines()
        .map(String::from)
        .collect();
    let truths = truths(&printed);
    let processes = up.api.processes(&job);
    assert_storm(&processes, &truths[0]);
    let pid = number(&truths[1], "burner");
    let burner = of_oracle(&processes, "burn")
        .into_iter()
        .find(|p| u64::from(p.pid) == pid)
        .expect("the second step's burner has a row");
    assert_within(
        "CPU of the second step's burner",
        burner.total("cpu_ns"),
        number(&truths[1], "cpu_ns"),
        0.01,
    );
    // The batch script is a step as well.
    let script_row = processes
        .iter()
        .find(|p| p.args().iter().any(|arg| arg.contains("slurm_script")))
        .expect("the script has a row");
    assert_eq!(script_row.exit_code, Some(0), "{script_row:?}");

    // A run at the same time of day, under its own name.
    let run = run_oracle(&data, "beside-the-job", "storm", &["3", "mix"]).remove(0);
    assert_eq!(up.api.past("beside-the-job").processes, 4);
    assert_eq!(up.api.containers("q=beside-the-job").len(), 1);
    assert!(
        up.api
            .processes(&job)
            .iter()
            .all(|p| u64::from(p.pid) != number(&run, "pid"))
    );
    up.stop();
}
