//! systemd: the units that were asked for (`--unit GLOB`).

use bc_schema::ContainerKind;
use globset::{GlobSet, GlobSetBuilder};

use super::globs::{build, read};
use super::{BadGlob, Found, Step, steps};

/// The kinds of units that have a cgroup.
pub(super) const KINDS: [&str; 6] = [".service", ".scope", ".slice", ".socket", ".mount", ".swap"];

/// The units asked for by name.
#[derive(Debug, Clone)]
pub struct Units(GlobSet);

impl Units {
    /// Reads globs over whole names of units, as `systemctl` shows them: `nginx.service`, `postgresql@*`.
    pub fn new<S: AsRef<str>>(globs: &[S]) -> Result<Self, BadGlob> {
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            set.add(read(glob.as_ref(), glob.as_ref(), false)?);
        }
        Ok(Self(build(set)?))
    }

    /// The outermost unit asked for that holds `path`. A unit of a user's own manager is known by that manager too
    /// (`user@1000.service/dbus.service`): every user may have one of that name.
    ///
    /// Ask [`super::resolve`] first: containers and jobs stay what they are, also inside a unit that was asked for.
    pub fn matches<'path>(&self, path: &'path str) -> Option<Found<'path>> {
        if self.0.is_empty() {
            return None;
        }
        let mut manager: Option<(&str, u32)> = None;
        for step in steps(path).take_while(is_unit) {
            if self.0.is_match(step.name) {
                return Some(Found {
                    kind: ContainerKind::Systemd,
                    id: match manager {
                        Some((manager, _)) => format!("{manager}/{}", step.name).into(),
                        None => step.name.into(),
                    },
                    container_path: step.path,
                    is_top: step.below.is_none(),
                    uid: manager.map(|(_, uid)| uid),
                    is_sluid: false,
                });
            }
            manager = manager.or_else(|| user_manager(step.name).map(|uid| (step.name, uid)));
        }
        None
    }
}

fn is_unit(step: &Step<'_>) -> bool {
    KINDS
        .iter()
        .any(|kind| step.name.len() > kind.len() && step.name.ends_with(kind))
}

/// Whose manager a unit is.
fn user_manager(name: &str) -> Option<u32> {
    name.strip_prefix("user@")?
        .strip_suffix(".service")?
        .parse()
        .ok()
}
