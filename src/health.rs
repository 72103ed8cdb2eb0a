//! The recorder's account of itself in the web's words: the two crates do not know each other.

use bc_recorder::Status;
use bc_web::Health;
use tokio::sync::watch;

/// Gives on every account until either side ends.
pub(crate) async fn follow(mut status: watch::Receiver<Status>, health: watch::Sender<Health>) {
    loop {
        let now = of(&status.borrow_and_update());
        if health.send(now).is_err() || status.changed().await.is_err() {
            return;
        }
    }
}

fn of(status: &Status) -> Health {
    Health {
        recording: status.recording,
        problem: status.problem.clone(),
        containers: status.containers,
        processes: status.processes,
        samples: status.samples,
        losses: status.losses.clone(),
        own_cpu_ns: status.own_cpu_ns,
        own_rss_bytes: status.own_rss_bytes,
    }
}
