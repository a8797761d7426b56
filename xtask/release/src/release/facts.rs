//! The facts that decide whether a release can be made, gathered before any step.

use std::fs;

use anyhow::{Context as _, Result};
use devkit::{project::Project, revision::ask_git};
use image::{
    Digest,
    calls::{self, Tagged},
};

use super::{
    archives::{self, Archives},
    request::{Request, git_tag},
};

/// The state of the checkout, the archives and the registry.
#[derive(Debug)]
pub(super) struct Facts {
    /// The full commit that is checked out; `None` outside git.
    pub(super) commit: Option<String>,
    /// The files that differ from it, including untracked ones.
    pub(super) changed: Vec<String>,
    /// The commit of the version's tag, if it exists.
    pub(super) tagged: Option<String>,
    /// Whether git has a name and address for the author of a tag.
    pub(super) tagger: bool,
    /// The whole text of CHANGELOG.md.
    pub(super) changelog: String,
    /// The archives from other machines, if a directory was named.
    pub(super) archives: Archives,
    /// The digest of the version's tag in the registry, or the reason why it is unknown; `None` if nothing is
    /// pushed.
    pub(super) registry: Option<Result<Option<Digest>>>,
}

impl Facts {
    /// Gathers all facts.
    ///
    /// # Errors
    /// Fails without git or CHANGELOG.md.
    pub(super) fn gather(project: &Project, request: &Request) -> Result<Self> {
        let shell = project.shell()?;
        let tag = format!("refs/tags/{}^{{commit}}", git_tag());
        let git = |words: &[&str]| ask_git(&shell, words);
        let commit = git(&["rev-parse", "--verify", "--quiet", "HEAD"])?;
        let changed = git(&["status", "--porcelain", "--untracked-files=all"])?.unwrap_or_default();
        let changelog = project.root.join("CHANGELOG.md");
        let archives = match &request.artifacts {
            Some(directory) => archives::find(directory, commit.as_deref().unwrap_or_default()),
            None => Archives::default(),
        };
        let find = |push: &Tagged| calls::find(project, push);
        Ok(Self {
            changed: changed
                .lines()
                .filter_map(|line| line.get(3..))
                .map(str::to_owned)
                .collect(),
            tagger: git(&["var", "GIT_COMMITTER_IDENT"])?.is_some(),
            tagged: git(&["rev-parse", "--verify", "--quiet", &tag])?,
            changelog: fs::read_to_string(changelog).context("could not read `CHANGELOG.md`")?,
            registry: request.push.as_ref().map(find),
            archives,
            commit,
        })
    }

    /// Returns whether the version's tag names the commit that is checked out.
    pub(super) fn is_tagged(&self) -> bool {
        self.tagged.is_some() && self.tagged == self.commit
    }
}
