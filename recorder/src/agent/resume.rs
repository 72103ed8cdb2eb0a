//! The beginning: what runs already is found, and what an earlier recorder left open is taken up or closed.

use std::collections::HashSet;

use bc_schema::resolution::SECOND_NS;
use bc_schema::{ContainerKind, LossReason, ProcessEnd};

use super::commands::Run;
use super::losses::Counted;
use super::{Agent, Phase};
use crate::Error;
use crate::clock::boot_now_ns;
use crate::config::Resume;

impl Agent {
    /// Watches what is there, samples it, and squares that with what the earlier recorder left. Returns the number of the batch with it.
    pub(super) fn begin(&mut self) -> Result<u64, Error> {
        self.take_up_runs();
        let unknown = if self.kernel.adopted() {
            self.adopt()
        } else {
            Vec::new()
        };
        let dated = self.lives.numbers();
        for cgroup in self.hierarchies.walk().collect::<Vec<_>>() {
            if self.lives.owner(cgroup.key).is_none() {
                // Also of what is nobody's: it may be gone when a process of it is told of.
                self.decide(cgroup.key, Some(cgroup.path), boot_now_ns());
            }
        }
        if self.kernel.adopted() {
            self.search_table();
            self.end_unknown(unknown);
        }
        self.clear_deserted();
        self.discover = true;
        self.walk()?;
        self.date_lives(&dated);
        self.phase = Phase::Recording;
        for number in self.lives.numbers() {
            self.note_life(number);
        }
        for resume in std::mem::take(&mut self.config.resume) {
            self.take_up(resume);
        }
        self.stored = HashSet::new();
        self.last_sample_ns = Some(self.clock.now_ns());
        Ok(self.flush())
    }

    /// Goes on where a killed recorder stopped: with the lives that it noted, what it had not taken from the ring, and what came since.
    /// Returns the lives that the store does not know as open.
    fn adopt(&mut self) -> Vec<u64> {
        self.phase = Phase::TakingOver;
        self.registry.others_knew(boot_now_ns());
        for resume in &self.config.resume {
            let open = resume.open.iter().map(|(process, _)| process);
            self.stored.extend(open.chain(&resume.ended));
        }
        self.losses = Counted::by(&self.kernel);
        let unknown = self.restore();
        self.take_events();
        self.find_vanished();
        self.phase = Phase::Finding;
        unknown
    }

    /// Ends lives that were over before the store had heard of them, or whose end it has. What is said of them here is all that their
    /// cgroups tell: anything that was said before counts for more.
    fn end_unknown(&mut self, unknown: Vec<u64>) {
        for number in unknown {
            if let Some(life) = self.lives.get(number).filter(|_| self.lives.over(number)) {
                let key = life.facts.life.clone();
                self.end_life(number);
                let told = self.out.containers.iter_mut();
                for facts in told.filter(|facts| facts.life == key) {
                    facts.stated_ns = key.began_ns;
                }
            }
        }
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
    fn date_lives(&mut self, dated: &[u64]) {
        let booted_ns = self.clock.utc_ns(0);
        let mut dates = Vec::new();
        for (number, life) in self
            .lives
            .iter_mut()
            .filter(|(number, _)| !dated.contains(number))
        {
            let container = life.facts.life.container.clone();
            let oldest_ns = self
                .out
                .starts
                .iter()
                .filter(|start| start.life == life.facts.life)
                .map(|start| start.start_ns)
                .min();
            let recorded = self
                .config
                .resume
                .iter()
                .find(|resume| resume.facts.life.container == container);
            // Where nothing is left in it, nothing new began either, unless the machine did.
            let since_ns = oldest_ns.unwrap_or(booted_ns);
            let continued = recorded.filter(|resume| since_ns <= resume.last_record_ns);
            if let Some(began_ns) = continued
                .map(|resume| resume.facts.life.began_ns)
                .or(oldest_ns)
            {
                dates.push((number, life.facts.life.clone(), began_ns));
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
        for (number, undated, began_ns) in dates {
            if let Some(life) = self.lives.get_mut(number) {
                life.facts.life.began_ns = began_ns;
            }
            let starts = self.out.starts.iter_mut();
            for start in starts.filter(|start| start.life == undated) {
                start.life.began_ns = began_ns;
            }
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
                self.out.ends.push(ProcessEnd::unseen(*process, *at_ns));
            }
        }
        let life = self.lives.number(&resume.facts.life);
        // Over already by what the kernel kept of it.
        let ended = self
            .out
            .containers
            .iter()
            .any(|told| told.life == resume.facts.life);
        if life.is_some() || ended {
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
