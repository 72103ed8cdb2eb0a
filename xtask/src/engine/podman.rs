//! Podman with runc, with storage of its own and its Docker-compatible socket.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Daemon, Engine};
use crate::step;

/// Debian's podman.
const PODMAN: &str = "/usr/bin/podman";

/// Writes the settings, starts the service and runs one container as a proof.
///
/// # Errors
/// It did not come up, or cannot run a container.
pub(super) fn start(folder: &Path) -> Result<Engine> {
    let at = folder.display();
    let settings = folder.join("containers.conf");
    // crun refuses hybrid cgroups, and hard limits cannot be raised everywhere: hence runc, and limits of its own.
    let text = format!(
        "[containers]\nnetns = \"none\"\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=4096:4096\"]\n\n\
         [engine]\nruntime = \"runc\"\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\n\
         tmp_dir = \"{at}/tmp\"\n"
    );
    std::fs::write(&settings, text).context("writing podman's settings")?;
    let storage = folder.join("storage.conf");
    let text =
        format!("[storage]\ndriver = \"vfs\"\nrunroot = \"{at}/run\"\ngraphroot = \"{at}/data\"\n");
    std::fs::write(&storage, text).context("writing podman's storage settings")?;
    let podman = || {
        let mut command = Command::new(PODMAN);
        command
            .env("CONTAINERS_CONF", &settings)
            .env("CONTAINERS_STORAGE_CONF", &storage);
        command
    };

    let socket = folder.join("podman.sock");
    let host = format!("unix://{}", socket.display());
    let mut service = Daemon::start(
        "podman",
        folder,
        podman().args(["system", "service", "--time=0", &host]),
    )?;
    step::say("waiting for Podman");
    service.until(Duration::from_secs(60), || answers(&socket))?;
    let rootfs = folder
        .parent()
        .context("the engines' folder has no parent")?
        .join("rootfs");
    let mut first = podman();
    first
        .args(["run", "--rm", "--network", "none", "--rootfs"])
        .arg(rootfs)
        .arg("/bin/true");
    step::quietly("podman run (a first container)", &mut first)?;
    let environment = vec![
        ("BC_PODMAN", PODMAN.into()),
        ("BC_PODMAN_HOST", host.into()),
        ("CONTAINERS_CONF", settings.into()),
        ("CONTAINERS_STORAGE_CONF", storage.into()),
    ];
    Ok(Engine {
        environment,
        daemons: vec![service],
        cgroups: None,
    })
}

/// The service says that it is there.
fn answers(socket: &Path) -> bool {
    let Ok(mut stream) = UnixStream::connect(socket) else {
        return false;
    };
    let mut answer = String::new();
    let asked = stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .and_then(|()| stream.write_all(b"GET /_ping HTTP/1.0\r\nHost: podman\r\n\r\n"))
        .and_then(|()| stream.read_to_string(&mut answer));
    asked.is_ok() && answer.starts_with("HTTP/1.0 200")
}
