//! Globs: which cgroups to watch besides containers and jobs, and which containers and jobs to leave alone.

use bc_schema::{ContainerId, ContainerKind};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::Found;

/// A glob cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadGlob {
    /// It cannot be read.
    #[error(
        "cannot read the glob `{glob}`: {reason}; `*` is any name, `**` any number of directories, `?` one character, `[a-z]` one of these"
    )]
    Unreadable {
        /// As given.
        glob: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It names the root.
    #[error(
        "the glob `{0}` names the root cgroup, which is the whole machine; name a cgroup below it, such as `/system.slice/*`"
    )]
    Root(String),
}

/// The cgroups asked for by path (`--cgroup GLOB`).
#[derive(Debug, Clone)]
pub struct Globs(GlobSet);

impl Globs {
    /// Reads globs over whole cgroup paths. `*` and `?` stay within one directory name; `**` crosses them. A missing `/` at the
    /// front is understood.
    pub fn new<S: AsRef<str>>(globs: &[S]) -> Result<Self, BadGlob> {
        let mut set = GlobSetBuilder::new();
        for given in globs {
            let given = given.as_ref();
            let inner = given.trim_matches('/');
            if inner.is_empty() {
                return Err(BadGlob::Root(given.to_owned()));
            }
            set.add(read(given, &format!("/{inner}"), true)?);
        }
        Ok(Self(build(set)?))
    }

    /// The cgroup asked for that holds `path`: the shortest ancestor that matches (or `path` itself), and never the root. Its id is its path.
    ///
    /// Ask [`super::resolve`] first: containers and jobs stay what they are, also inside a cgroup that was asked for.
    pub fn matches<'path>(&self, path: &'path str) -> Option<Found<'path>> {
        if self.0.is_empty() {
            return None;
        }
        let ends = path
            .match_indices('/')
            .map(|(at, _)| at)
            .skip(1)
            .chain([path.len()]);
        let mut ancestors = ends
            .map(|end| &path[..end])
            .filter(|ancestor| ancestor.len() > 1);
        let top = ancestors.find(|ancestor| self.0.is_match(ancestor))?;
        Some(Found {
            kind: ContainerKind::Cgroup,
            id: top.into(),
            container_path: top,
            is_top: top.len() == path.len(),
            uid: None,
            is_sluid: false,
        })
    }
}

/// The containers and jobs not to record (`--exclude GLOB`).
#[derive(Debug, Clone)]
pub struct Excludes(GlobSet);

impl Excludes {
    /// Reads globs over ids, names, images and cgroup paths. `*` matches any text, also with `/` in it.
    pub fn new<S: AsRef<str>>(globs: &[S]) -> Result<Self, BadGlob> {
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            set.add(read(glob.as_ref(), glob.as_ref(), false)?);
        }
        Ok(Self(build(set)?))
    }

    /// Whether any of them matches the id (or its first 12 characters), the name, the image or the cgroup path.
    pub fn excluded(
        &self,
        id: &ContainerId,
        name: Option<&str>,
        image: Option<&str>,
        cgroup: &str,
    ) -> bool {
        let known = [Some(id.as_str()), id.short(), name, image, Some(cgroup)];
        known
            .into_iter()
            .flatten()
            .any(|text| self.0.is_match(text))
    }
}

pub(super) fn read(given: &str, glob: &str, within_names: bool) -> Result<globset::Glob, BadGlob> {
    GlobBuilder::new(glob)
        .literal_separator(within_names)
        .backslash_escape(true)
        .build()
        .map_err(|error| BadGlob::Unreadable {
            glob: given.to_owned(),
            reason: error.kind().to_string(),
        })
}

pub(super) fn build(set: GlobSetBuilder) -> Result<GlobSet, BadGlob> {
    set.build().map_err(|error| BadGlob::Unreadable {
        glob: error.glob().unwrap_or_default().to_owned(),
        reason: error.kind().to_string(),
    })
}
