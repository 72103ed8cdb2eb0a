//! Being asked to stop: once in order, twice at once.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask.
pub(super) struct Interrupt {
    from_the_keyboard: Signal,
    from_the_system: Signal,
    from_the_terminal: Signal,
}

impl Interrupt {
    /// Starts to listen; from here on these signals no longer end the process by themselves.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals to stop");
        Ok(Self {
            from_the_keyboard: listen(SignalKind::interrupt())?,
            from_the_system: listen(SignalKind::terminate())?,
            from_the_terminal: listen(SignalKind::hangup())?,
        })
    }

    /// Comes back each time somebody asks.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.from_the_keyboard.recv() => {}
            _ = self.from_the_system.recv() => {}
            _ = self.from_the_terminal.recv() => {}
        }
    }
}
