//! As whom a command runs: the user who called, who under sudo is not root.

use std::ffi::CString;
use std::path::Path;

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
    /// What the environment says of root, by name, and what it is to say of them.
    variables: Vec<(&'static str, String)>,
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
        let variables = match (&user, User::from_uid(Uid::from_raw(0))) {
            (Some(user), Ok(Some(root))) => made_roots(environment, &root, user),
            _ => Vec::new(),
        };
        let name = user
            .map(|user| CString::new(user.name))
            .transpose()
            .context("the user's name is broken")?;
        Ok(Self {
            uid,
            identity: Some(Identity {
                gid: Gid::from_raw(gid),
                name,
                variables,
            }),
        })
    }

    /// Makes this process, which has one thread, theirs, for good.
    pub(crate) fn become_them(&self) -> anyhow::Result<()> {
        let Some(Identity {
            gid,
            name,
            variables,
        }) = &self.identity
        else {
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
        for (variable, value) in variables {
            // SAFETY: this is the one thread of its process, so no other one reads the environment.
            unsafe { std::env::set_var(variable, value) };
        }
        Ok(())
    }
}

/// Variables that sudo made root's, as they are for the user: a command that looks for its files in root's home may not even enter it.
/// What sudo was told to leave alone, or the user set, is not root's.
fn made_roots(environment: &Environment, root: &User, user: &User) -> Vec<(&'static str, String)> {
    let of = |user: &User| {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        [
            ("HOME", path(&user.dir)),
            ("SHELL", path(&user.shell)),
            ("USER", user.name.clone()),
            ("LOGNAME", user.name.clone()),
        ]
    };
    std::iter::zip(of(root), of(user))
        .filter(|((name, roots), _)| environment.says(name, roots))
        .map(|(_, theirs)| theirs)
        .collect()
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

    #[test]
    fn what_sudo_made_roots_is_the_users_again_and_nothing_else_is() {
        let root = User::from_uid(Uid::from_raw(0)).unwrap().unwrap();
        let user = User {
            name: "tom".into(),
            dir: "/users/tom".into(),
            shell: "/bin/zsh".into(),
            ..root.clone()
        };
        let of_root = root.dir.to_str().unwrap();
        let said = |variables: &[(&str, &str)]| {
            let variables = variables
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string()));
            made_roots(&variables.collect(), &root, &user)
        };
        assert_eq!(
            said(&[("HOME", of_root), ("USER", "root"), ("LOGNAME", "root")]),
            [
                ("HOME", "/users/tom".to_owned()),
                ("USER", "tom".to_owned()),
                ("LOGNAME", "tom".to_owned())
            ]
        );
        assert_eq!(said(&[("HOME", "/scratch/tom"), ("PATH", of_root)]), []);
    }
}
