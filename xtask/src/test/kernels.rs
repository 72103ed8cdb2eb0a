//! Guests with other kernels: QEMU boots each by emulation, its first process records what oracles do, and what was recorded is judged here.
//! Every check is held in each guest without lockdown, and again under the strictest.

mod archive;
mod checks;
mod cpio;
mod guest;
mod root;
mod rows;
mod said;
mod stated;

use std::fs::File;
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use self::archive::{Archive, Kernel};
use self::checks::CHECKS;
use super::tally::Tally;
use crate::{interrupt, step, tree};

/// Debian's releases with kernels 5.10, 6.1 and 6.12, and the newest that it has.
const SUITES: [&str; 4] = ["bullseye", "bookworm", "trixie", "sid"];
/// In this order in every guest: there is no way back from the second.
const LOCKDOWNS: [&str; 2] = ["none", "confidentiality"];
/// Each keeps one core busy.
const GUESTS_AT_ONCE: usize = 2;

/// Fetches the kernels that are not there yet, boots them all, and judges.
///
/// # Errors
/// A kernel could not be had, or nothing could be prepared; what happens in a guest is counted.
pub(super) fn run(binary: &Path, oracles: &Path) -> Result<Tally> {
    let place = tree::target().join("kernels");
    std::fs::create_dir_all(&place).with_context(|| format!("making {}", place.display()))?;
    let lock = File::create(place.join("lock")).context("making the guests' lock file")?;
    if lock.try_lock().is_err() {
        bail!(
            "another `cargo xtask` runs guests in {}; wait until it has ended",
            place.display()
        );
    }
    let archive = Archive::of_this_machine(&place)?;
    let kernels = SUITES
        .iter()
        .map(|suite| archive.kernel(suite))
        .collect::<Result<Vec<_>>>()?;
    let initramfs = place.join("initramfs");
    root::pack(binary, oracles, &initramfs)?;

    let waiting = Mutex::new(kernels.iter());
    let next = || waiting.lock().map_or(None, |mut kernels| kernels.next());
    let work = || {
        let mut tally = Tally::default();
        while let Some(kernel) = next() {
            tally += try_out(kernel, &initramfs);
        }
        tally
    };
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..GUESTS_AT_ONCE).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            match worker.join() {
                Ok(of_worker) => tally += of_worker,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    interrupt::check()?;
    Ok(tally)
}

/// Boots one kernel and holds what its guest said against what must be. A guest that did not come to its end is one failure.
fn try_out(kernel: &Kernel, initramfs: &Path) -> Tally {
    let mut tally = Tally::default();
    let began = Instant::now();
    step::say(&format!("a guest with {}", kernel.package));
    let said = match guest::boot(kernel, initramfs) {
        Ok(said) => said,
        Err(error) => {
            tally.failed += 1;
            tally
                .failures
                .push(format!("{}: {error:#}", kernel.package));
            return tally;
        }
    };
    step::say(&format!("{}: {}", kernel.package, step::elapsed(began)));
    for lockdown in LOCKDOWNS {
        let round = said.round(lockdown);
        for (what, check) in CHECKS {
            let name = format!("{}, lockdown {lockdown}: {what}", kernel.release);
            match check(&round) {
                Ok(()) => {
                    tally.passed += 1;
                    println!("test {name} ... ok");
                }
                Err(error) => {
                    tally.failed += 1;
                    println!("test {name} ... FAILED\n    {error:#}");
                    tally.failures.push(format!("{name}: {error:#}"));
                }
            }
        }
    }
    if tally.failed > 0 {
        guest::show_console(kernel);
    }
    tally
}
