//! As whom a command runs: the user who called, who under sudo is not root.

use std::ffi::CString;

use anyhow::{Context, bail};
use nix::unistd::{Gid, Uid, User};

use crate::settings::Environment;

/// The user a command runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Their id.
    pub(crate) uid: Uid,
    /// What must be put on before the command runs; absent: this process's identity is theirs.
    identity: Option<Identity>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity {
    gid: Gid,
    /// The name further groups are listed under; absent: they have none.
    name: Option<CString>,
}

impl Caller {
    /// Who called this process: root by itself, or the user that sudo tells of.
    pub(crate) fn of_this_process(environment: &Environment) -> anyhow::Result<Self> {
        let uid = nix::unistd::getuid();
        let Some((sudo_uid, sudo_gid)) = environment.sudo().filter(|_| uid.is_root()) else {
            return Ok(Self {
                uid,
                identity: None,
            });
        };
        let number = |name: &str, text: &str| {
            text.parse::<u32>().with_context(|| format!("the environment says {name}={text}, which is no id; start it by sudo, or unset it"))
        };
        let (uid, gid) = (number("SUDO_UID", sudo_uid)?, number("SUDO_GID", sudo_gid)?);
        if uid == 0 {
            return Ok(Self {
                uid: Uid::from_raw(0),
                identity: None,
            });
        }
        let uid = Uid::from_raw(uid);
        let user = User::from_uid(uid)
            .with_context(|| format!("cannot look up the user {uid} who called sudo"))?;
        let name = user
            .map(|user| CString::new(user.name))
            .transpose()
            .context("the user's name is broken")?;
        Ok(Self {
            uid,
            identity: Some(Identity {
                gid: Gid::from_raw(gid),
                name,
            }),
        })
    }

    /// Makes this process theirs, for good.
    pub(crate) fn become_them(&self) -> anyhow::Result<()> {
        let Some(Identity { gid, name }) = &self.identity else {
            return Ok(());
        };
        match name {
            Some(name) => nix::unistd::initgroups(name, *gid),
            None => nix::unistd::setgroups(&[*gid]),
        }
        .context("cannot put on the groups of the user who called sudo")?;
        nix::unistd::setgid(*gid).context("cannot put on the group of the user who called sudo")?;
        nix::unistd::setuid(self.uid).context("cannot become the user who called sudo")?;
        if nix::unistd::setuid(Uid::from_raw(0)).is_ok() {
            bail!("became the user who called sudo, and could still become root again");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called_with(variables: &[(&str, &str)]) -> anyhow::Result<Caller> {
        let variables = variables
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()));
        Caller::of_this_process(&variables.collect())
    }

    #[test]
    fn without_sudo_it_is_who_we_are() {
        let caller = called_with(&[]).unwrap();
        assert_eq!(
            caller,
            Caller {
                uid: nix::unistd::getuid(),
                identity: None
            }
        );
        let half = called_with(&[("SUDO_UID", "1000")]).unwrap();
        assert_eq!(half.identity, None);
    }

    #[test]
    fn sudo_is_believed_by_root_alone() {
        let caller = called_with(&[("SUDO_UID", "4242"), ("SUDO_GID", "4343")]).unwrap();
        if nix::unistd::getuid().is_root() {
            assert_eq!(caller.uid, Uid::from_raw(4242));
            assert_eq!(caller.identity.unwrap().gid, Gid::from_raw(4343));
            assert!(called_with(&[("SUDO_UID", "me"), ("SUDO_GID", "4343")]).is_err());
        } else {
            assert_eq!(
                caller,
                Caller {
                    uid: nix::unistd::getuid(),
                    identity: None
                }
            );
        }
    }
}
