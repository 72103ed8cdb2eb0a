//! `run` at a terminal: Ctrl-C reaches the command once, Ctrl-Z stops it and it goes on.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Instant;

use nix::pty::openpty;

use crate::harness::program::{self, turn};
use crate::harness::up::Data;
use crate::harness::user::{NOBODY, ROOT};
use crate::harness::wait::PATIENCE;

nix::ioctl_write_int_bad!(take_terminal, nix::libc::TIOCSCTTY);

/// A program at a terminal of its own, as if a person sat there.
struct Terminal {
    keys: File,
    shown: Receiver<String>,
    screen: String,
    child: Child,
}

impl Terminal {
    fn start(command: &mut Command) -> Self {
        let pty = openpty(None, None).expect("a terminal can be made");
        let end = |fd: &OwnedFd| Stdio::from(fd.try_clone().expect("a descriptor can be copied"));
        command
            .stdin(end(&pty.slave))
            .stdout(end(&pty.slave))
            .stderr(end(&pty.slave));
        // SAFETY: between fork and exec it only makes two system calls, which are async-signal-safe.
        unsafe {
            command.pre_exec(|| {
                nix::unistd::setsid()?;
                take_terminal(nix::libc::STDIN_FILENO, 0)?;
                Ok(())
            });
        }
        let child = command.spawn().expect("the program can be started");
        // Our own ends of the terminal would keep the screen lit after the program has gone.
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        drop(pty.slave);

        let (send, shown) = mpsc::channel();
        let keys = File::from(pty.master);
        let mut output = keys.try_clone().expect("a descriptor can be copied");
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            // Ends with EIO when the last one at the terminal has gone.
            while let Ok(length @ 1..) = output.read(&mut piece) {
                if send
                    .send(String::from_utf8_lossy(&piece[..length]).into_owned())
                    .is_err()
                {
                    break;
                }
            }
        });
        Self {
            keys,
            shown,
            screen: String::new(),
            child,
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys
            .write_all(keys.as_bytes())
            .expect("the terminal takes keys");
    }

    /// Waits until something stands on the screen.
    #[track_caller]
    fn see(&mut self, text: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.screen.contains(text) {
            match self
                .shown
                .recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                Ok(piece) => self.screen += &piece,
                Err(error) => panic!(
                    "`{text}` did not appear ({error}); the screen shows: {}",
                    self.screen
                ),
            }
        }
    }

    /// Waits for the end of the program, and returns its exit code and all that was shown.
    #[track_caller]
    fn close(mut self) -> (Option<i32>, String) {
        let until = Instant::now() + PATIENCE;
        // The screen goes dark when the last one at the terminal has gone.
        while let Ok(piece) = self
            .shown
            .recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            self.screen += &piece;
        }
        let status = self.child.wait().expect("it can be waited for");
        (status.code(), std::mem::take(&mut self.screen))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn ctrl_c_reaches_the_command_once() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    // Counts what reaches it, and ends by itself long enough after the first for a second to show.
    let script = "n=0; trap 'n=$((n+1))' INT; echo ready; while [ $n -eq 0 ]; do sleep 0.1; done; sleep 0.7; sleep 0.1; echo count=$n; exit 4";
    for (id, user) in [("ctrl-c", ROOT), ("users-ctrl-c", NOBODY)] {
        let run = [
            "run",
            "--data",
            data.as_str(),
            "--id",
            id,
            "--",
            "bash",
            "-c",
        ];
        let mut terminal = Terminal::start(user.put_on(program::command(&run).arg(script)));
        terminal.see("ready\r\n");
        terminal.press("\x03");
        let (code, screen) = terminal.close();
        assert!(screen.contains("count=1\r\n"), "once, not twice: {screen}");
        assert_eq!(
            code,
            Some(4),
            "it has the command's exit code also then: {screen}"
        );
        up.api.past(id);
    }
    up.stop();
}

#[test]
fn a_command_that_ctrl_c_ends_is_told_by_128_and_2() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let run = ["run", "--data", data.as_str(), "--id", "ended", "--"];
    let words = ["sh", "-c", "echo ready; exec sleep 600"];
    let mut terminal = Terminal::start(NOBODY.put_on(program::command(&run).args(words)));
    terminal.see("ready\r\n");
    terminal.press("\x03");
    let (code, screen) = terminal.close();
    assert_eq!(code, Some(128 + 2), "{screen}");
    up.api.past("ended");
    assert_eq!(up.api.processes("ended")[0].signal, Some(2));
    up.stop();
}

#[test]
fn ctrl_z_stops_and_fg_goes_on() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    for (id, user) in [("ctrl-z", ROOT), ("users-ctrl-z", NOBODY)] {
        let mut shell = Command::new("bash");
        shell
            .args(["--norc", "--noediting", "-i"])
            .env("PS1", "> ")
            .env("HISTFILE", "/dev/null");
        let mut terminal = Terminal::start(user.put_on(&mut shell));
        let program = program::path().display();
        terminal.press(&format!("{program} run --data {} --id {id} -- bash -c 'echo be''gun; read line; echo got-$line; exit 6'\n", data.as_str()));
        terminal.see("begun\r\n");
        terminal.press("\x1a");
        terminal.see("Stopped");
        terminal.press("jobs -l; echo shell-is-ba''ck\n");
        terminal.see("shell-is-back\r\n");
        terminal.press("fg\n");
        terminal.press("through\n");
        terminal.see("got-through\r\n");
        terminal.press("echo code=$?\n");
        terminal.see("code=6\r\n");
        terminal.press("exit 0\n");
        terminal.close();
        assert_eq!(up.api.past(id).processes, 1);
    }
    up.stop();
}
