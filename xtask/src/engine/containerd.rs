//! A containerd with state, root and socket of its own, without its CRI plugin, for containers by `ctr`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Daemon, Engine};
use crate::step;

/// Starts the daemon and runs one container as a proof.
///
/// # Errors
/// It did not come up, or cannot run a container.
pub(super) fn start(folder: &Path, rootfs: &Path) -> Result<Engine> {
    let settings = folder.join("config.toml");
    let text = "version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n";
    std::fs::write(&settings, text).context("writing containerd's settings")?;
    let (socket, state) = (folder.join("containerd.sock"), folder.join("state"));
    let mut daemon = Daemon::start(
        "containerd",
        folder,
        Command::new("/usr/bin/containerd")
            .arg("--config")
            .arg(&settings)
            .arg("--root")
            .arg(folder.join("root"))
            .arg("--state")
            .arg(&state)
            .arg("--address")
            .arg(&socket),
    )?;
    step::say("waiting for containerd");
    let ctr = || {
        let mut command = Command::new("/usr/bin/ctr");
        command.arg("--address").arg(&socket);
        command
    };
    daemon.until(Duration::from_secs(60), || {
        step::ask(ctr().arg("version")).is_some()
    })?;
    let mut first = ctr();
    first.args(["run", "--rm", "--rootfs"]).arg(rootfs);
    first.args(["bc-first", "/bin/true"]);
    step::quietly("ctr run (a first container)", &mut first)?;
    let environment = vec![
        ("BC_CTR_ADDRESS", socket.into()),
        ("BC_CONTAINERD_STATE", state.into()),
    ];
    Ok(Engine {
        environment,
        daemons: vec![daemon],
        cgroups: None,
    })
}
