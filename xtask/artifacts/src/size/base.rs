//! What a build is compared with.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use devkit::{cmd, files, project::Project, ui};
use wasm_diet::{Anatomy, Profile};
use wasmparser::Parser;
use xshell::cmd;

use crate::wasm;

/// A base, as the user named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// What was accepted last.
    Accepted,
    /// A `size.json`, from this machine or a release.
    Sizes(PathBuf),
    /// A component or core module.
    Binary(PathBuf),
    /// A commit, by its full hash: it is built.
    Commit(String),
}

impl Base {
    /// What `text` names: a file if there is one, else a git revision.
    ///
    /// # Errors
    /// It is neither.
    pub(super) fn find(project: &Project, text: &str) -> Result<Self> {
        let path = Path::new(text);
        if path.is_file() {
            let bytes = fs::read(path).with_context(|| format!("could not read `{text}`"))?;
            let is_binary = bytes.starts_with(b"\0asm");
            return Ok(if is_binary { Self::Binary(path.to_owned()) } else { Self::Sizes(path.to_owned()) });
        }
        let shell = project.shell()?;
        let name = format!("{text}^{{commit}}");
        let asked = cmd!(shell, "git rev-parse --verify --quiet --end-of-options {name}");
        let answer = cmd::output(asked, "ask git")?;
        if !answer.status.success() {
            bail!("`{text}` is no file and no git revision: give a revision, a size.json or a .wasm file");
        }
        Ok(Self::Commit(String::from_utf8_lossy(&answer.stdout).trim().to_owned()))
    }

    /// What is in it; a commit is built for that.
    ///
    /// # Errors
    /// A file can't be read or is damaged; or the commit can't be built.
    pub(super) fn load(&self, project: &Project) -> Result<Profile> {
        match self {
            Self::Accepted => wasm::baseline(project),
            Self::Sizes(path) => Profile::read(path),
            Self::Binary(path) => binary(path),
            Self::Commit(commit) => build(project, commit),
        }
    }

    /// The name for people.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Accepted => "what was accepted last".to_owned(),
            Self::Sizes(path) | Self::Binary(path) => path.display().to_string(),
            Self::Commit(commit) => commit.chars().take(12).collect(),
        }
    }
}

fn binary(path: &Path) -> Result<Profile> {
    let bytes = files::read(path)?;
    let name = if Parser::is_component(&bytes) { "clawft.wasm" } else { "clawft-wasip1.wasm" };
    let anatomy = Anatomy::of(&bytes, &wasm::OWNERS)
        .with_context(|| format!("could not take `{}` apart", path.display()))?;
    Ok(Profile { revision: None, artifacts: BTreeMap::from([(name.to_owned(), anatomy)]) })
}

/// Builds the commit as this tool builds: its own sources, settings and locked dependencies; our toolchain and optimiser.
fn build(project: &Project, commit: &str) -> Result<Profile> {
    ui::status("Building", &format!("the base, {commit}"));
    let folder = tempfile::tempdir().context("could not make a temporary folder")?;
    // Not below this checkout: cargo would add our settings to those of the base.
    let root = folder.path().join("tree");
    fs::create_dir(&root).with_context(|| format!("could not make the folder `{}`", root.display()))?;
    let (shell, archive) = (project.shell()?, folder.path().join("tree.tar"));
    cmd::run(
        cmd!(shell, "git archive --format=tar --output {archive} {commit}"),
        "take the base out of git",
    )?;
    // As if all were written just now: cargo takes sources that are older than what it built for those that it built from, and
    // this folder's last build was of another commit.
    cmd::run(cmd!(shell, "tar -x --touch -f {archive} -C {root}"), "unpack the base")?;
    let target = project.target.join("xtask").join("base");
    let base = Project { root, dist: target.join("dist"), target, cache: project.cache.clone() };
    let built = wasm::profile_of_another(project, &base)
        .with_context(|| format!("could not build the base {commit}"))?;
    Ok(Profile { revision: Some(commit.to_owned()), ..built })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_before_revisions_and_are_told_by_what_they_hold() {
        let project = Project::discover().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let find = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            (Base::find(&project, path.to_str().unwrap()).unwrap(), path)
        };
        let (base, path) = find("a", b"\0asm\x01\0\0\0");
        assert_eq!(base, Base::Binary(path));
        let (base, path) = find("b", b"{}");
        assert_eq!(base, Base::Sizes(path));
        let error = Base::find(&project, "no-such-thing").unwrap_err().to_string();
        assert!(error.contains("no file and no git revision"), "{error}");
    }
}
