//! What `/proc` says of cgroups, as text: mounts in `mountinfo`, a process's own cgroups in `cgroup`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// A mounted cgroup file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// Device number, major and minor: one per hierarchy and cgroup namespace.
    pub(super) device: (u32, u32),
    /// The cgroup that is the root of the mount.
    pub(super) root: String,
    pub(super) mount_point: PathBuf,
    /// Version 2.
    pub(super) unified: bool,
    /// Mount options of the hierarchy, controllers and `name=…` among them.
    pub(super) options: Vec<String>,
}

/// The cgroup file systems in a `mountinfo` file; lines of another form are passed over.
pub(super) fn mounts(mountinfo: &str) -> Vec<Mount> {
    mountinfo.lines().filter_map(mount).collect()
}

fn mount(line: &str) -> Option<Mount> {
    // Optional fields of any number stand before the lone dash.
    let (of_mount, of_file_system) = line.split_once(" - ")?;
    let mut of_mount = of_mount.split(' ').skip(2);
    let (major, minor) = of_mount.next()?.split_once(':')?;
    let (root, mount_point) = (of_mount.next()?, of_mount.next()?);
    let mut of_file_system = of_file_system.split(' ');
    let unified = match of_file_system.next()? {
        "cgroup" => false,
        "cgroup2" => true,
        _ => return None,
    };
    Some(Mount {
        device: (major.parse().ok()?, minor.parse().ok()?),
        root: String::from_utf8_lossy(&unescaped(root)).into_owned(),
        mount_point: OsString::from_vec(unescaped(mount_point)).into(),
        unified,
        options: of_file_system
            .nth(1)?
            .split(',')
            .map(str::to_owned)
            .collect(),
    })
}

/// Undoes the kernel's `\ooo` for blanks and backslashes.
fn unescaped(field: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let octal = after
            .get(..3)
            .filter(|_| byte == b'\\')
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(escaped) => {
                bytes.push(escaped);
                rest = &after[3..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    bytes
}

/// A process's place in one hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Membership {
    /// The kernel's `cgroup_root.hierarchy_id`; 0 is version 2.
    pub(super) hierarchy: u32,
    /// Its controllers, and `name=…` where it has a name; empty for version 2.
    pub(super) controllers: Vec<String>,
    /// The cgroup, seen from the reader's cgroup namespace.
    pub(super) path: String,
}

/// The lines of a `/proc/PID/cgroup` file; those of another form are passed over.
pub(super) fn memberships(cgroup: &str) -> Vec<Membership> {
    cgroup.lines().filter_map(membership).collect()
}

fn membership(line: &str) -> Option<Membership> {
    let mut fields = line.splitn(3, ':');
    let hierarchy = fields.next()?.parse().ok()?;
    let controllers = fields
        .next()?
        .split(',')
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    Some(Membership {
        hierarchy,
        controllers,
        path: fields.next()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_read_with_escapes_and_optional_fields() {
        let mountinfo = "\
            23 1 0:21 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
            35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 master:2 - cgroup cgroup rw,memory\n\
            40 31 0:37 /user.slice /mnt/a\\040b rw,relatime - cgroup none rw,xattr,name=systemd\n\
            41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n\
            nonsense\n";
        let found = mounts(mountinfo);
        assert_eq!(found.len(), 3);
        assert_eq!((found[0].device, found[0].unified), ((0, 32), false));
        assert_eq!(found[0].options, ["rw", "memory"]);
        assert_eq!(
            (found[1].root.as_str(), found[1].mount_point.as_path()),
            ("/user.slice", "/mnt/a b".as_ref())
        );
        assert!(found[2].unified);
    }

    #[test]
    fn only_whole_octal_escapes_are_undone() {
        assert_eq!(unescaped(r"a\134b\011c\9\04"), b"a\\b\tc\\9\\04");
        assert_eq!(unescaped("\\04ä"), "\\04ä".as_bytes());
    }

    #[test]
    fn a_membership_may_hold_colons_and_several_controllers() {
        let found = memberships("12:cpu,cpuacct:/a:b\n1:name=systemd:/\n0::/user.slice\n\nx:y:z\n");
        let of = |hierarchy, controllers: &[&str], path: &str| Membership {
            hierarchy,
            controllers: controllers.iter().map(|name| name.to_string()).collect(),
            path: path.into(),
        };
        assert_eq!(
            found,
            [
                of(12, &["cpu", "cpuacct"], "/a:b"),
                of(1, &["name=systemd"], "/"),
                of(0, &[], "/user.slice")
            ]
        );
    }
}
