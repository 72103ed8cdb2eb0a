//! Writing facts: containers, starts, execs, ends, losses. Which of two statements counts is decided in `crate::facts`.

use bc_schema::{
    Container, LifeKey, Limits, Loss, ProcessEnd, ProcessExec, ProcessId, ProcessStart, Resolution,
};
use rusqlite::{OptionalExtension, params};

use super::Page;
use super::known::Account;
use crate::facts::{self, Window};
use crate::sqlite::error::Failure;
use crate::sqlite::rows::{self, ABSENT, signed, unsigned};

impl Page<'_> {
    /// A statement about a life.
    pub(super) fn state(&mut self, container: &Container) -> Result<(), Failure> {
        let no = self.life_number(&container.life)?;
        let mut find = self.db.prepare_cached(
            "SELECT kind, name, image, command, labels, memory_bytes, cpu_milli, pids, cgroup, uid, stated_ns, ended_ns
             FROM statements WHERE life = ?1",
        )?;
        let known = find
            .query_row([no], |row| rows::container(row, 0, container.life.clone()))
            .optional()?;
        if known
            .as_ref()
            .is_some_and(|known| facts::container_order(known, container).is_ge())
        {
            return Ok(());
        }
        let labels = rows::json(&container.labels)?;
        let Limits {
            memory_bytes,
            cpu_milli,
            pids,
        } = container.limits;
        let mut put = self.db.prepare_cached(
            "INSERT OR REPLACE INTO statements
             (life, kind, name, image, command, labels, memory_bytes, cpu_milli, pids, cgroup, uid, stated_ns, ended_ns)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?;
        put.execute(params![
            no,
            container.kind.name(),
            container.name,
            container.image,
            container.command,
            labels,
            memory_bytes.map(signed),
            cpu_milli.map(signed),
            pids.map(signed),
            container.cgroup,
            container.uid,
            signed(container.stated_ns),
            container.ended_ns.map(signed),
        ])?;
        match container.ended_ns {
            // The later statement takes back an end, which may have been the last record.
            ended_ns if known.is_some_and(|known| known.ended_ns > ended_ns) => {
                self.recount_last_record(no)
            }
            Some(ended_ns) => self.record(no, ended_ns),
            None => Ok(()),
        }
    }

    /// A life was looked at whole.
    pub(super) fn see(&mut self, life: &LifeKey, at_ns: u64) -> Result<(), Failure> {
        let no = self.life_number(life)?;
        let life = self.life(no)?;
        if life.seen_ns < at_ns {
            life.seen_ns = at_ns;
            life.changed = true;
        }
        self.record(no, at_ns)
    }

    /// A life that is over is sealed to its end: whoever reads it later finds it folded.
    pub(super) fn close(&mut self, container: &Container) -> Result<(), Failure> {
        let no = self.life_number(&container.life)?;
        self.seal_until(no, None)?;
        self.pack_sealed(no, true)?;
        self.fold_cpus(no, i64::MAX.cast_unsigned())
    }

    /// A process began or came in.
    pub(super) fn begin(&mut self, start: &ProcessStart) -> Result<(), Failure> {
        let life = self.life_number(&start.life)?;
        let container = self.life(life)?.container;
        let process = self.process(start.process)?.clone();
        let account = Account {
            container,
            life,
            entered_ns: start.entered_ns,
            window: Window::WHOLE,
        };
        let known = process
            .accounts
            .iter()
            .position(|account| account.container == container);
        if known.is_some() {
            let stored = self.stored_start(container, process.no, start.process)?;
            if facts::start_order(&stored, start).is_ge() {
                return Ok(());
            }
        }
        self.put_start(&account, process.no, start)?;
        self.record(life, start.entered_ns)?;
        let remembered = self.process(start.process)?;
        remembered.bare = false;
        let accounts = &mut remembered.accounts;
        match known {
            Some(index) => {
                accounts[index] = Account {
                    window: accounts[index].window,
                    ..account
                }
            }
            None => accounts.push(account),
        }
        // Most processes are new: then there is nothing that could belong to this account or move out of it.
        if process.bare {
            Ok(())
        } else {
            self.settle(start.process, &process.accounts)
        }
    }

    fn stored_start(
        &self,
        container: i64,
        process: u64,
        id: ProcessId,
    ) -> Result<ProcessStart, Failure> {
        let mut find = self.db.prepare_cached(
            "SELECT c.id, l.host, l.began_ns, a.pid, a.container_pid, a.parent, a.parent_pid, a.uid, a.start_ns, a.entered_ns, a.is_root,
                    a.baseline, a.name
             FROM accounts a JOIN lives l ON l.no = a.life JOIN containers c ON c.no = a.container WHERE a.container = ?1 AND a.process = ?2",
        )?;
        Ok(find.query_row((container, signed(process)), |row| {
            let life = rows::life_key(row, 1, rows::container_id(row, 0)?)?;
            rows::start(row, 3, id, life)
        })?)
    }

    fn put_start(
        &self,
        account: &Account,
        process: u64,
        start: &ProcessStart,
    ) -> Result<(), Failure> {
        let mut put = self.db.prepare_cached(
            "INSERT INTO accounts (container, process, life, pid, container_pid, parent, parent_pid, uid, start_ns, entered_ns, is_root, baseline,
                                   name, after_ns, until_ns, open)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, NULL, -1, 1)
             ON CONFLICT DO UPDATE SET life = ?3, pid = ?4, container_pid = ?5, parent = ?6, parent_pid = ?7, uid = ?8, start_ns = ?9,
                                       entered_ns = ?10, is_root = ?11, baseline = ?12, name = ?13",
        )?;
        put.execute(params![
            account.container,
            signed(process),
            account.life,
            start.pid,
            start.container_pid,
            start.parent.map(|parent| parent.0),
            start.parent_pid,
            start.uid,
            signed(start.start_ns),
            signed(start.entered_ns),
            start.is_root,
            rows::pack_metrics(start.baseline.as_ref()),
            start.name,
        ])?;
        Ok(())
    }

    /// A process executed something.
    pub(super) fn execute(&mut self, exec: &ProcessExec) -> Result<(), Failure> {
        let process = self.process(exec.process)?;
        process.bare = false;
        let (no, owner) = (process.no, process.owner(exec.at_ns));
        if let Some(owner) = owner {
            self.record(owner.life, exec.at_ns)?;
        }
        let args = exec.args.as_ref().map(rows::json).transpose()?;
        let mut add = self.db.prepare_cached(
            "INSERT INTO execs (process, at_ns, name, exe, args, args_cut, inherited) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )?;
        let row = params![
            signed(no),
            signed(exec.at_ns),
            exec.name,
            exec.exe,
            args,
            exec.args_cut,
            exec.inherited
        ];
        if add.execute(row)? > 0 {
            return Ok(());
        }
        let mut find = self.db.prepare_cached(
            "SELECT at_ns, name, exe, args, args_cut, inherited FROM execs WHERE process = ?1 AND at_ns = ?2",
        )?;
        let known = find.query_row((signed(no), signed(exec.at_ns)), |row| {
            rows::exec(row, 0, exec.process)
        })?;
        if facts::exec_order(&known, exec).is_lt() {
            let mut put = self.db.prepare_cached(
                "UPDATE execs SET name = ?3, exe = ?4, args = ?5, args_cut = ?6, inherited = ?7 WHERE process = ?1 AND at_ns = ?2",
            )?;
            put.execute(row)?;
        }
        Ok(())
    }

    /// A process ended or left.
    pub(super) fn end(&mut self, end: &ProcessEnd) -> Result<(), Failure> {
        let process = self.process(end.process)?.clone();
        let code = |code: Option<u8>| code.map_or(ABSENT, i64::from);
        let mut add = self.db.prepare_cached(
            "INSERT OR IGNORE INTO ends (process, at_ns, exit_code, signal, core_dumped, oom_killed, unseen) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        let (exit_code, signal) = (code(end.exit_code), code(end.signal));
        let new = add.execute((
            signed(process.no),
            signed(end.at_ns),
            exit_code,
            signal,
            end.core_dumped,
            end.oom_killed,
            end.unseen,
        ))? > 0;
        if let Some(owner) = process.owner(end.at_ns).filter(|_| new) {
            let mut close = self.db.prepare_cached(
                "UPDATE accounts SET open = 0, failed = ?3 WHERE container = ?1 AND process = ?2 AND open = 1",
            )?;
            let first = close.execute((owner.container, signed(process.no), end.failed()))? > 0;
            self.record(owner.life, end.at_ns)?;
            if !first {
                // It was said to have ended before, and perhaps otherwise.
                self.settle_ends(end.process, &process)?;
            }
        }
        // Little more will come of it; what does is looked up.
        self.known.processes.remove(&end.process);
        Ok(())
    }

    /// Something could not be recorded.
    pub(super) fn lose(&mut self, loss: &Loss) -> Result<(), Failure> {
        let container = loss.container.as_ref().map_or("", |id| id.as_str());
        let second = signed(loss.second_ns / Resolution::Second.ns());
        let key = (
            container,
            second,
            &loss.host,
            signed(loss.recorder_ns),
            loss.reason as u8,
        );
        let mut find = self.db.prepare_cached(
            "SELECT count, cpu_ns FROM losses WHERE container = ?1 AND second = ?2 AND host = ?3 AND recorder_ns = ?4 AND reason = ?5",
        )?;
        let known = find
            .query_row(key, |row| Ok((unsigned(row, 0)?, unsigned(row, 1)?)))
            .optional()?
            .unwrap_or_default();
        let (count, cpu_ns) = (known.0.max(loss.count), known.1.max(loss.cpu_ns));
        let mut put = self.db.prepare_cached(
            "INSERT OR REPLACE INTO losses (container, second, host, recorder_ns, reason, count, cpu_ns) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        put.execute((
            key.0,
            key.1,
            key.2,
            key.3,
            key.4,
            signed(count),
            signed(cpu_ns),
        ))?;
        Ok(())
    }
}
