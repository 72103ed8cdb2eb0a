//! One guest: QEMU with a kernel and our initramfs, until it has powered itself off. The first serial line is its console, the second what `init.sh` tells.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::archive::Kernel;
use super::said::Said;
use crate::engine::daemon::Daemon;
use crate::{interrupt, step};

/// A guest that hangs is ended after this; one that works takes a minute or two.
const LIMIT: Duration = Duration::from_secs(600);
/// Between two looks whether it has ended.
const PACE: Duration = Duration::from_millis(100);
/// In the kernel's folder.
const CONSOLE: &str = "console";
const RESULTS: &str = "results";
/// What the daemon `qemu` logs to.
const QEMU_LOG: &str = "qemu.log";
/// How much of a console is shown, lines.
const LAST_WORDS: usize = 60;
/// One thread for both CPUs: with two, memory is ordered as on the host, which some processors do not have as x86 has it. And no `cmpxchg16b`: QEMU 7.2 leaves
/// rubbish in the flags behind it, which kernels from 6.4 on, using it for every allocation, do not survive for long.
const EMULATED: [&str; 8] = [
    "-accel",
    "tcg,thread=single",
    "-cpu",
    "max,-cx16",
    "-smp",
    "2",
    "-m",
    "1G",
];

/// Boots it and waits for its end; answers with what it said.
///
/// # Errors
/// It could not be started, or ended or hung before it had said everything: with the end of its console.
pub(super) fn boot(kernel: &Kernel, initramfs: &Path) -> Result<Said> {
    for file in [CONSOLE, RESULTS] {
        let file = kernel.folder.join(file);
        fs::write(&file, "").with_context(|| format!("making {}", file.display()))?;
    }
    let mut qemu = Command::new("qemu-system-x86_64");
    qemu.current_dir(&kernel.folder)
        .args(EMULATED)
        .args(["-nodefaults", "-display", "none", "-no-reboot"])
        .args(["-serial", &format!("file:{CONSOLE}")])
        .args(["-serial", &format!("file:{RESULTS}")])
        .arg("-kernel")
        .arg(&kernel.image)
        .arg("-initrd")
        .arg(initramfs)
        // A kernel that panics ends the guest at once.
        .args(["-append", "console=ttyS0 loglevel=5 panic=-1"]);
    let began = Instant::now();
    let mut guest = Daemon::start("qemu", &kernel.folder, &mut qemu)?;
    while guest.lives() && began.elapsed() < LIMIT {
        interrupt::check()?;
        std::thread::sleep(PACE);
    }
    let hung = guest.lives();
    drop(guest);
    let results = kernel.folder.join(RESULTS);
    let text = fs::read(&results).with_context(|| format!("reading {}", results.display()))?;
    let said = Said::read(&String::from_utf8_lossy(&text));
    if said.as_ref().is_ok_and(Said::is_complete) {
        return said;
    }
    show_console(kernel);
    said?;
    let how = if hung { "hung" } else { "ended" };
    bail!(
        "the guest {how} before it had said everything, after {}; the end of its console is above, the rest in {}",
        step::elapsed(began),
        kernel.folder.join(CONSOLE).display()
    )
}

/// Shows the end of what QEMU, the kernel and our programs had to say.
pub(super) fn show_console(kernel: &Kernel) {
    for file in [QEMU_LOG, CONSOLE] {
        eprintln!(
            "{}",
            step::last_lines(&kernel.folder.join(file), LAST_WORDS)
        );
    }
}
