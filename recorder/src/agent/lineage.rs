//! What a process runs before it executes anything itself: what its parent ran when it was born.

use std::sync::Arc;

use bc_abi::{Process, ProcessKey, process_flag};
use bc_schema::{LossReason, ProcessExec, ProcessId};

use super::{Agent, Phase};
use crate::process_file::{self, CommandLine};
use crate::registry::{At, Line};

/// How many generations are taken in at once; what comes of still longer rows of forks is declared.
const GENERATIONS: usize = 4_096;

impl Agent {
    /// Those that a process comes from and that nobody has told of yet, the youngest first: a shell's child that forks is not over before its own
    /// children are, and they have to know what it runs.
    pub(super) fn unknown_ancestors(&self, entry: &Process) -> Vec<(ProcessKey, Process)> {
        let mut unknown = Vec::new();
        let mut next = entry.parent;
        while next.tgid != 0 && !self.registry.knows(next) && unknown.len() < GENERATIONS {
            let Some(entry) = self.kernel.process(next) else {
                break;
            };
            unknown.push((next, entry));
            next = entry.parent;
        }
        unknown
    }

    /// What a process runs before any exec that is told of: what its parent ran when it was born, or what `/proc` says of one that was there
    /// before.
    pub(super) fn first_line(
        &mut self,
        key: ProcessKey,
        entry: &Process,
        id: ProcessId,
        name: String,
        start_ns: u64,
    ) {
        let forked = entry.flags & process_flag::FORKED != 0;
        let execed = entry.flags & process_flag::EXECED != 0;
        // What a killed recorder was told of, nobody is told again.
        let told_before = self.phase == Phase::Finding && self.kernel.adopted();
        let found = ((!forked && !execed) || told_before)
            .then(|| process_file::command_line(key))
            .flatten();
        let (exec, line) = if let Some(found) = found {
            let name = found.name.clone().filter(|_| execed).unwrap_or(name);
            self.said(id, start_ns, name, found, forked && !execed)
        } else if forked {
            if let Some(parent) = self.kernel.process(entry.parent) {
                // What its parent ran when it was born may be what found no room.
                self.count_lost_execs(entry.parent, &parent);
            }
            match self.registry.ran_at(entry.parent, key.start_boot_ns) {
                At::Line(line) => (line.inherited(id, start_ns, name), line),
                // What it has executed since is told by itself.
                At::Forgotten | At::Unknown if execed => return,
                lacking => match self.still_runs(key) {
                    Some(found) => self.said(id, start_ns, name, found, true),
                    None => {
                        // Where nobody recorded its parent, nothing of it was ever to be known.
                        let lost = lacking == At::Forgotten || self.registry.knows(entry.parent);
                        if lost && !self.stored.contains(&id) {
                            let life = self.registry.get_mut(key).map(|known| known.life);
                            self.lose(LossReason::ArgsUnreadable, life, key.start_boot_ns, 1, 0);
                        }
                        return;
                    }
                },
            }
        } else {
            return;
        };
        let own = !exec.inherited;
        if !self.stored.contains(&id) {
            self.delivery.expect(&exec);
            self.out.execs.push(exec);
        }
        self.registry.ran(key, key.start_boot_ns, own, line);
    }

    /// What `/proc` says of a process that has executed nothing: what its parent was when it was born. Nothing of one that is over.
    fn still_runs(&self, key: ProcessKey) -> Option<CommandLine> {
        let found = process_file::command_line(key)?;
        // Looked at last: by then it may have executed something, and what was found be that.
        let entry = self.kernel.process(key)?;
        let is_same = entry.flags & process_flag::EXECED == 0;
        (is_same && !found.args.is_empty()).then_some(found)
    }

    fn said(
        &self,
        process: ProcessId,
        at_ns: u64,
        name: String,
        found: CommandLine,
        inherited: bool,
    ) -> (ProcessExec, Arc<Line>) {
        let exec = ProcessExec {
            process,
            at_ns,
            name,
            exe: found.exe,
            args: Some(self.mask.args(found.args)),
            args_cut: found.args_cut,
            inherited,
        };
        let line = Arc::new(Line::of(&exec));
        (exec, line)
    }
}
