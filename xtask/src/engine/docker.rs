//! A Docker daemon without networks, and one image in it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{Daemon, Engine};
use crate::step;

/// Debian's client: a newer one, earlier in PATH, may not speak this daemon's protocol.
const CLIENT: &str = "/usr/bin/docker";
/// Debian's daemon.
const DAEMON: &str = "/usr/sbin/dockerd";
/// The image that holds the test root file system.
const IMAGE: &str = "bubble-chamber-test";
/// The longest path that a unix socket can have, with its closing NUL.
const SOCKET_PATH: usize = 107;

/// Starts the daemon, imports the image and runs one container as a proof.
///
/// # Errors
/// It did not come up, or cannot run a container.
pub(super) fn start(folder: &Path, rootfs: &Path) -> Result<Engine> {
    let socket = folder.join("docker.sock");
    if socket.as_os_str().len() + "run/containerd/".len() > SOCKET_PATH {
        bail!(
            "the path {} is too long for a socket; clone to a shorter one",
            socket.display()
        );
    }
    let host = format!("unix://{}", socket.display());
    // An empty settings file of our own: the machine's must not reach in.
    let settings = folder.join("daemon.json");
    std::fs::write(&settings, "{}\n").context("writing the Docker daemon's settings")?;
    let mut daemon = Daemon::start(
        "dockerd",
        folder,
        Command::new(DAEMON)
            .args([
                "--storage-driver",
                "vfs",
                "--iptables=false",
                "--ip6tables=false",
                "--bridge",
                "none",
            ])
            // Where the machine has a containerd already, ours keeps apart from what is in it.
            .args(["--containerd-namespace", "bubble-chamber-test"])
            .args([
                "--exec-opt",
                "native.cgroupdriver=cgroupfs",
                "--host",
                &host,
                "--config-file",
            ])
            .arg(&settings)
            .arg("--data-root")
            .arg(folder.join("data"))
            .arg("--exec-root")
            .arg(folder.join("run"))
            .arg("--pidfile")
            .arg(folder.join("dockerd.pid")),
    )?;
    step::say("waiting for Docker");
    let client = |arguments: &[&str]| {
        let mut command = Command::new(CLIENT);
        command
            .args(["--host", &host])
            .args(arguments)
            .stdin(Stdio::null());
        command
    };
    daemon.until(Duration::from_secs(60), || {
        step::ask(&mut client(&["version"])).is_some()
    })?;
    import(client(&["import", "-", IMAGE]), rootfs)?;
    step::quietly(
        "docker run (a first container)",
        &mut client(&["run", "--rm", "--network", "none", IMAGE, "/bin/true"]),
    )?;
    let environment = vec![
        ("BC_DOCKER", CLIENT.into()),
        ("BC_DOCKER_HOST", host.into()),
        ("BC_DOCKER_IMAGE", IMAGE.into()),
    ];
    Ok(Engine {
        environment,
        daemons: vec![daemon],
        cgroups: None,
    })
}

/// Pipes the root file system into the client.
fn import(mut client: Command, rootfs: &Path) -> Result<()> {
    let mut tar = Command::new("tar")
        .arg("-C")
        .arg(rootfs)
        .args(["-c", "."])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting tar")?;
    let archive = tar.stdout.take().context("tar has no output")?;
    let output = client
        .stdin(archive)
        .output()
        .with_context(|| format!("starting {CLIENT}"))?;
    let packed = tar.wait().context("waiting for tar")?;
    if !packed.success() || !output.status.success() {
        bail!(
            "importing the test image into Docker: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}
