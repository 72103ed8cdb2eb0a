//! Debian's kernels, from the mirror that this machine gets its own packages from. Asks it by a private apt, which shares with the machine's how archives
//! are reached and nothing else: neither its sources, lists and hooks, nor what is installed.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::setup::apt;
use crate::step;

/// The package that depends on the newest kernel of a suite, for virtual machines: small, with all that a guest needs built in.
const NEWEST: &str = "linux-image-cloud-amd64";
/// How the packages that hold one are called, before its release.
const KERNELS: [&str; 2] = ["linux-image-", "linux-binary-"];
/// Debian's keys, under the two names that they have had.
const KEYRINGS: [&str; 2] = [
    "/usr/share/keyrings/debian-archive-keyring.pgp",
    "/usr/share/keyrings/debian-archive-keyring.gpg",
];
/// How an unpacked kernel's file ends in the cache.
const IMAGE: &str = "vmlinuz";

/// A kernel to boot.
pub(super) struct Kernel {
    /// The package that it came in, with its version.
    pub(super) package: String,
    /// What it calls itself.
    pub(super) release: String,
    /// What QEMU takes.
    pub(super) image: PathBuf,
    /// For what its guest writes.
    pub(super) folder: PathBuf,
}

/// Where kernels come from and where they are kept.
pub(super) struct Archive {
    mirror: Option<String>,
    place: PathBuf,
}

impl Archive {
    /// The one that this machine knows.
    ///
    /// # Errors
    /// What apt says, where it has to be asked.
    pub(super) fn of_this_machine(place: &Path) -> Result<Self> {
        let mut mirror = mirror();
        if mirror.is_none() {
            // Without lists apt does not know whose archives it has.
            apt::refresh()?;
            mirror = self::mirror();
        }
        Ok(Self {
            mirror,
            place: place.to_path_buf(),
        })
    }

    /// A suite's kernel: the one that is there, else the newest.
    ///
    /// # Errors
    /// The suite cannot be reached, is not signed, or has no such kernel.
    pub(super) fn kernel(&self, suite: &str) -> Result<Kernel> {
        let folder = self.place.join(suite);
        let image = match cached(&folder) {
            Some(image) => image,
            None => self.fetch(suite, &folder).with_context(|| {
                format!(
                    "getting the kernel of Debian's {}; BC_SKIP=kernels leaves this kind of test out",
                    suite
                )
            })?,
        };
        let package = name_of(image.file_stem());
        Ok(Kernel {
            release: release_in(&package),
            package,
            image,
            folder,
        })
    }

    fn fetch(&self, suite: &str, folder: &Path) -> Result<PathBuf> {
        let _ = fs::remove_dir_all(folder);
        let apt = self.private_apt(suite, &folder.join("apt"))?;
        let command = |program: &str| {
            let mut command = Command::new(program);
            command.env("APT_CONFIG", &apt).current_dir(folder);
            command
        };
        step::quietly(
            &format!("apt-get update for {} (which kernel it has)", suite),
            command("apt-get").args(["-q", "update"]),
        )?;
        let needed =
            step::ask(command("apt-cache").args(["depends", "--recurse", "--important", NEWEST]))
                .with_context(|| format!("asking what {NEWEST} depends on"))?;
        let packages: Vec<&str> = needed.lines().filter(|line| is_kernel(line)).collect();
        if packages.is_empty() {
            bail!("{NEWEST} depends on no kernel");
        }
        step::quietly(
            &format!("apt-get download {}", packages.join(" ")),
            command("apt-get").args(["-q", "download"]).args(&packages),
        )?;
        let tree = folder.join("unpacked");
        let mut name = None;
        for package in ending(folder, "deb")? {
            step::quietly(
                &format!("dpkg-deb -x {}", name_of(package.file_name())),
                Command::new("dpkg-deb").arg("-x").arg(&package).arg(&tree),
            )?;
            fs::remove_file(&package).with_context(|| format!("removing {}", package.display()))?;
            name.get_or_insert(package);
        }
        let name = name.context("apt-get download left no package")?;
        let found =
            beginning(&tree, IMAGE)?.with_context(|| format!("no {IMAGE} in {packages:?}"))?;
        // Renamed into place when all is done: what is there is whole.
        let image = name.with_extension(IMAGE);
        fs::rename(&found, &image).with_context(|| format!("moving {}", found.display()))?;
        for folder in [tree, folder.join("apt")] {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("removing {}", folder.display()))?;
        }
        Ok(image)
    }

    /// A configuration for one suite; answers with its file.
    fn private_apt(&self, suite: &str, folder: &Path) -> Result<PathBuf> {
        let mirror = self.mirror.as_ref().context(
            "this machine's apt has no archive of Debian: `apt-get indextargets` names none",
        )?;
        let keyring = KEYRINGS.iter().find(|file| Path::new(file).exists());
        let keyring =
            keyring.context("Debian's keys are gone: apt-get install debian-archive-keyring")?;
        for empty in ["lists/partial", "cache/archives/partial"] {
            let path = folder.join(empty);
            fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        }
        let sources = folder.join("debian.sources");
        let text = format!(
            "Types: deb\nURIs: {mirror}\nSuites: {}\nComponents: main\nArchitectures: amd64\nTargets: Packages\nSigned-By: {keyring}\n",
            suite
        );
        fs::write(&sources, text).with_context(|| format!("writing {}", sources.display()))?;

        let settings = step::ask(Command::new("apt-config").arg("dump"))
            .context("asking apt for its settings")?;
        // Proxies, certificates, how often to try.
        let mut text: String = settings
            .lines()
            .filter(|line| line.starts_with("Acquire::"))
            .map(|line| format!("{line}\n"))
            .collect();
        let shown = folder.display();
        text += &format!(
            "Dir::Etc::main \"/dev/null\";\nDir::Etc::parts \"/dev/null\";\n\
             Dir::Etc::sourcelist \"{}\";\nDir::Etc::sourceparts \"/dev/null\";\n\
             Dir::State::lists \"{shown}/lists\";\nDir::State::status \"/dev/null\";\n\
             Dir::Cache \"{shown}/cache\";\n\
             APT::Architecture \"amd64\";\nAPT::Sandbox::User \"root\";\n\
             APT::Update::Error-Mode \"any\";\nAcquire::Retries \"3\";\n",
            sources.display()
        );
        let file = folder.join("apt.conf");
        fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
        Ok(file)
    }
}

/// Where Debian's packages come from here.
fn mirror() -> Option<String> {
    let format = "$(ORIGIN)|$(LABEL)|$(REPO_URI)";
    let mut apt = Command::new("apt-get");
    let targets =
        step::ask(apt.args(["indextargets", "--format", format, "Created-By: Packages"]))?;
    let mut mirrors = targets
        .lines()
        .filter_map(|line| line.strip_prefix("Debian|Debian|"));
    mirrors.next().map(str::to_owned)
}

/// A package that holds a kernel, and not one that only depends on one; where they are in two, the other depends on it.
fn is_kernel(package: &str) -> bool {
    release_in(package).starts_with(|first: char| first.is_ascii_digit())
}

/// Of a package, with its version or without.
fn release_in(package: &str) -> String {
    let name = package.split('_').next().unwrap_or_default();
    let rest = KERNELS.iter().find_map(|before| name.strip_prefix(before));
    rest.unwrap_or_default().to_owned()
}

fn cached(folder: &Path) -> Option<PathBuf> {
    ending(folder, IMAGE).ok()?.into_iter().next()
}

/// The files of a folder whose names end so, in order.
fn ending(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)
        .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
        .with_context(|| format!("reading {}", folder.display()))?;
    let files = entries.into_iter().map(|entry| entry.path());
    let mut files: Vec<_> = files
        .filter(|file| file.extension() == Some(OsStr::new(ending)))
        .collect();
    files.sort();
    Ok(files)
}

/// The file whose name begins so, wherever it is in the tree: Debian has moved it.
fn beginning(tree: &Path, name: &str) -> Result<Option<PathBuf>> {
    let mut folders = vec![tree.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in
            fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?
        {
            let entry = entry.with_context(|| format!("reading {}", folder.display()))?;
            let kind = entry.file_type().context("looking at an unpacked file")?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && entry.file_name().to_string_lossy().starts_with(name) {
                return Ok(Some(entry.path()));
            }
        }
    }
    Ok(None)
}

fn name_of(part: Option<&OsStr>) -> String {
    part.unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_is_told_from_what_depends_on_it() {
        let answer = "linux-image-cloud-amd64\n  Depends: linux-image-7.2.13+deb14-cloud-amd64\nlinux-base-7.2.13+deb14-cloud-amd64\n\
                      linux-image-7.2.13+deb14-cloud-amd64\nlinux-binary-7.2.13+deb14-cloud-amd64\nlinux-base";
        let kernels: Vec<_> = answer.lines().filter(|line| is_kernel(line)).collect();
        assert_eq!(
            kernels,
            [
                "linux-image-7.2.13+deb14-cloud-amd64",
                "linux-binary-7.2.13+deb14-cloud-amd64"
            ]
        );
        assert_eq!(
            release_in("linux-image-5.10.0-32-cloud-amd64_5.10.223-1_amd64"),
            "5.10.0-32-cloud-amd64"
        );
    }
}
