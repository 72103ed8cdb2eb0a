//! Ctrl-C and SIGTERM: passed on to the running child, noted, and left to the caller to act on, so that
//! engines that were started are always stopped again.

use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);
/// The process group of the child that is waited for, or 0.
static GROUP: AtomicI32 = AtomicI32::new(0);

extern "C" fn note(signal: libc::c_int) {
    REQUESTED.store(true, Ordering::SeqCst);
    let group = GROUP.load(Ordering::SeqCst);
    if group > 0 {
        // SAFETY: kill is async-signal-safe and takes no pointers.
        unsafe { libc::kill(-group, signal) };
    }
}

/// From now on the signals that ask to stop are noted instead of ending this process at once.
pub(crate) fn watch() {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        let handler = note as extern "C" fn(libc::c_int);
        // SAFETY: the handler only touches atomics and calls kill, which is async-signal-safe.
        unsafe { libc::signal(signal, handler as libc::sighandler_t) };
    }
}

/// Somebody asked to stop.
pub(crate) fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// An error when somebody asked to stop.
pub(crate) fn check() -> anyhow::Result<()> {
    if requested() {
        Err(anyhow::anyhow!("interrupted"))
    } else {
        Ok(())
    }
}

/// Waits for a child that leads its own process group, passing the signals on to the group meanwhile.
///
/// # Errors
/// What `wait` says.
pub(crate) fn wait(child: &mut Child) -> std::io::Result<ExitStatus> {
    follow(child);
    let pid = child.id();
    // The group's number is given up while the dead child still holds it, so that no signal reaches a stranger.
    // SAFETY: siginfo_t is plain data, and the pointer is to a live local.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        while libc::waitid(
            libc::P_PID,
            pid,
            &raw mut info,
            libc::WEXITED | libc::WNOWAIT,
        ) != 0
            && std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted
        {}
    }
    GROUP.store(0, Ordering::SeqCst);
    child.wait()
}

/// Passes signals on to this child's group from now on, also before [`wait`] is called for it.
pub(crate) fn follow(child: &Child) {
    GROUP.store(child.id().cast_signed(), Ordering::SeqCst);
}
