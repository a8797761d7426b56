//! Git's information about the sources of an image.

use anyhow::Result;
use devkit::{
    project::Project,
    revision::{self, ask_git},
};

/// The state of the checkout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checkout {
    /// The full hash of the commit, with a mark if the files differ from it: the label of the images.
    pub(crate) revision: String,
    /// The branch, if one is checked out.
    pub(crate) branch: Option<String>,
    /// The tags of the commit.
    pub(crate) tags_here: Vec<String>,
    /// All tags that may be releases.
    pub(crate) tags: Vec<String>,
}

impl Checkout {
    /// Reads the state from git; `None` if the sources are not in git, such as in an unpacked archive.
    pub(crate) fn read(project: &Project) -> Result<Option<Self>> {
        let Some(revision) = revision::of(project)? else {
            return Ok(None);
        };
        let shell = project.shell()?;
        let lines = |words: &[&str]| -> Result<Vec<String>> {
            Ok(ask_git(&shell, words)?
                .unwrap_or_default()
                .lines()
                .map(str::to_owned)
                .collect())
        };
        Ok(Some(Self {
            revision,
            branch: ask_git(&shell, &["symbolic-ref", "--short", "--quiet", "HEAD"])?,
            tags_here: lines(&["tag", "--points-at", "HEAD"])?,
            tags: lines(&["tag", "--list", "v*"])?,
        }))
    }

    /// Returns whether the files are those of the commit.
    pub(crate) fn is_clean(&self) -> bool {
        !self.revision.ends_with("-dirty")
    }
}
