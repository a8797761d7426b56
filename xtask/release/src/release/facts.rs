//! What decides whether a release can be made, looked up before anything is done about it.

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

/// How things are.
#[derive(Debug)]
pub(super) struct Facts {
    /// The commit that is checked out, in full; `None` outside git.
    pub(super) commit: Option<String>,
    /// The files that differ from it, untracked ones among them.
    pub(super) changed: Vec<String>,
    /// The commit that the version's tag stands for, if it is there.
    pub(super) tagged: Option<String>,
    /// Whether git knows who would make a tag.
    pub(super) tagger: bool,
    /// All of CHANGELOG.md.
    pub(super) changelog: String,
    /// What other machines made, if a folder was named.
    pub(super) archives: Archives,
    /// What the version stands for in the registry, or why that is not known; `None` where nothing is pushed.
    pub(super) registry: Option<Result<Option<Digest>>>,
}

impl Facts {
    /// Looks everything up.
    ///
    /// # Errors
    /// There is no git or no CHANGELOG.md.
    pub(super) fn gather(project: &Project, request: &Request) -> Result<Self> {
        let shell = project.shell()?;
        let tag = format!("refs/tags/{}^{{commit}}", git_tag());
        let git = |words: &[&str]| ask_git(&shell, words);
        let commit = git(&["rev-parse", "--verify", "--quiet", "HEAD"])?;
        let changed = git(&["status", "--porcelain", "--untracked-files=all"])?.unwrap_or_default();
        let changelog = project.root.join("CHANGELOG.md");
        let archives = match &request.artifacts {
            Some(folder) => archives::look(folder, commit.as_deref().unwrap_or_default()),
            None => Archives::default(),
        };
        let find = |push: &Tagged| calls::find(project, push);
        Ok(Self {
            changed: changed.lines().filter_map(|line| line.get(3..)).map(str::to_owned).collect(),
            tagger: git(&["var", "GIT_COMMITTER_IDENT"])?.is_some(),
            tagged: git(&["rev-parse", "--verify", "--quiet", &tag])?,
            changelog: fs::read_to_string(changelog).context("could not read `CHANGELOG.md`")?,
            registry: request.push.as_ref().map(find),
            archives,
            commit,
        })
    }

    /// Whether the version's tag stands for what is checked out.
    pub(super) fn is_tagged(&self) -> bool {
        self.tagged.is_some() && self.tagged == self.commit
    }
}
