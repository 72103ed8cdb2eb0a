//! The beginning: what runs already is found, and what an earlier recorder left open is taken up or closed.

use bc_schema::resolution::SECOND_NS;
use bc_schema::{ContainerId, ContainerKind, LossReason, ProcessEnd};

use super::Agent;
use super::commands::Run;
use crate::Error;
use crate::config::Resume;

impl Agent {
    /// Watches what is there, samples it, and squares that with what the earlier recorder left. Returns the number of the batch with it.
    pub(super) fn begin(&mut self) -> Result<u64, Error> {
        self.take_up_runs();
        let cgroups: Vec<_> = self.hierarchies.walk().collect();
        for cgroup in cgroups {
            if self.lives.owner(cgroup.key).is_none() {
                // Also of what is nobody's: it may be gone when a process of it is told of.
                self.decide(cgroup.key, Some(cgroup.path), self.boot_now_ns());
            }
        }
        if self.kernel.adopted() {
            // What the killed recorder had not taken yet, and what came since.
            self.take_events();
            self.search_table();
        }
        self.discover = true;
        self.walk()?;
        self.date_lives();
        for resume in std::mem::take(&mut self.config.resume) {
            self.take_up(resume);
        }
        self.last_sample_ns = Some(self.clock.now_ns());
        Ok(self.flush())
    }

    /// A `run` is known by what was asked for: its cgroup's path alone says nothing.
    fn take_up_runs(&mut self) {
        for resume in self
            .config
            .resume
            .iter()
            .filter(|resume| resume.facts.kind == ContainerKind::Run)
        {
            let path = &resume.facts.cgroup;
            let directories = self
                .hierarchies
                .iter()
                .filter_map(|hierarchy| hierarchy.directory_of(path));
            for key in directories
                .filter(|directory| directory.is_dir())
                .filter_map(|directory| self.hierarchies.key_of(&directory).ok())
            {
                let id = resume.facts.life.container.clone();
                self.runs.push(Run {
                    id,
                    key,
                    path: path.clone(),
                    uid: resume.facts.uid,
                });
            }
        }
    }

    /// A life that was found is as old as its oldest process, or continues one that was recorded before.
    fn date_lives(&mut self) {
        let mut dates = Vec::new();
        for (number, life) in self.lives.iter_mut() {
            let container = life.facts.life.container.clone();
            let oldest_ns = self
                .out
                .starts
                .iter()
                .filter(|start| start.life.container == container)
                .map(|start| start.start_ns)
                .min();
            let recorded = self
                .config
                .resume
                .iter()
                .find(|resume| resume.facts.life.container == container);
            let continued = recorded
                .filter(|resume| oldest_ns.is_some_and(|oldest| oldest <= resume.last_record_ns));
            if let Some(began_ns) = continued
                .map(|resume| resume.facts.life.began_ns)
                .or(oldest_ns)
            {
                dates.push((number, container, began_ns));
            }
            if let Some(resume) = continued {
                // A run is known by what was asked for, not by its cgroup.
                life.facts.command = life
                    .facts
                    .command
                    .take()
                    .or_else(|| resume.facts.command.clone());
            }
        }
        for (number, container, began_ns) in dates {
            if let Some(life) = self.lives.get_mut(number) {
                life.facts.life.began_ns = began_ns;
            }
            self.date_starts(&container, began_ns);
        }
    }

    fn date_starts(&mut self, container: &ContainerId, began_ns: u64) {
        for start in self
            .out
            .starts
            .iter_mut()
            .filter(|start| start.life.container == *container)
        {
            start.life.began_ns = began_ns;
        }
    }

    /// Closes what did not outlive the time without a recorder, and declares that time for what did.
    fn take_up(&mut self, resume: Resume) {
        let now_ns = self.clock.now_ns();
        let mut last_ns = resume.last_record_ns;
        for (process, at_ns) in &resume.open {
            if !self
                .out
                .starts
                .iter()
                .any(|start| start.process == *process)
            {
                last_ns = last_ns.max(*at_ns);
                let (exit_code, signal) = (None, None);
                self.out.ends.push(ProcessEnd {
                    process: *process,
                    at_ns: *at_ns,
                    exit_code,
                    signal,
                    core_dumped: false,
                    oom_killed: false,
                    unseen: true,
                });
            }
        }
        let life = self.lives.current(&resume.facts.life.container);
        let continued = life
            .and_then(|life| self.lives.get(life))
            .is_some_and(|life| life.facts.life == resume.facts.life);
        if continued {
            // However short: a process may have lived and died in it.
            let missing_s = now_ns.saturating_sub(resume.last_record_ns) / SECOND_NS;
            let from_ns = resume.last_record_ns + SECOND_NS;
            self.lose_at(
                LossReason::RecorderDown,
                life,
                from_ns.min(now_ns),
                missing_s.max(1),
                0,
            );
        } else {
            let mut facts = resume.facts;
            facts.ended_ns = Some(last_ns);
            facts.stated_ns = now_ns;
            self.out.containers.push(facts);
        }
    }
}
