//! The base of a comparison.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use builds::{files, temporary};
use devkit::{cmd, project::Project, ui};
use wasm_diet::{Anatomy, Profile};
use wasmparser::Parser;
use xshell::cmd;

use super::base_cache::BaseCache;
use crate::wasm;

/// A base, as the user named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// The sizes that were accepted last.
    Accepted,
    /// A `size.json`, from this machine or a release.
    Sizes(PathBuf),
    /// A component or core module.
    Binary(PathBuf),
    /// A commit, by its full hash, which has to be built.
    Commit(String),
}

impl Base {
    /// Returns the base that `text` names: a file if one exists, else a git revision.
    ///
    /// # Errors
    /// Fails if it is neither.
    pub(super) fn find(project: &Project, text: &str) -> Result<Self> {
        let path = Path::new(text);
        if path.is_file() {
            let bytes = fs::read(path).with_context(|| format!("could not read `{text}`"))?;
            let is_binary = bytes.starts_with(b"\0asm");
            return Ok(if is_binary {
                Self::Binary(path.to_owned())
            } else {
                Self::Sizes(path.to_owned())
            });
        }
        let shell = project.shell()?;
        let name = format!("{text}^{{commit}}");
        let asked = cmd!(shell, "git rev-parse --verify --quiet --end-of-options {name}");
        let answer = cmd::output(asked, "ask git for the revision")?;
        if !answer.status.success() {
            bail!(
                "`{text}` is neither a file nor a git revision: give a revision, a size.json or a .wasm file"
            );
        }
        Ok(Self::Commit(
            String::from_utf8_lossy(&answer.stdout).trim().to_owned(),
        ))
    }

    /// Returns the sizes of the base. A commit is built first, unless that was done before.
    ///
    /// # Errors
    /// Fails if a file cannot be read or is damaged, or if the commit cannot be built.
    pub(super) fn load(&self, project: &Project) -> Result<Profile> {
        match self {
            Self::Accepted => wasm::baseline(project),
            Self::Sizes(path) => Profile::read(path),
            Self::Binary(path) => binary(path),
            Self::Commit(commit) => BaseCache::of(project)?.profile(commit, || build(project, commit)),
        }
    }

    /// Returns the name for messages.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Accepted => "the accepted sizes".to_owned(),
            Self::Sizes(path) | Self::Binary(path) => path.display().to_string(),
            Self::Commit(commit) => commit.chars().take(12).collect(),
        }
    }
}

fn binary(path: &Path) -> Result<Profile> {
    let bytes = files::read(path)?;
    let name = if Parser::is_component(&bytes) {
        "clawft.wasm"
    } else {
        "clawft-wasip1.wasm"
    };
    let anatomy = Anatomy::of(&bytes, &wasm::OWNERS)
        .with_context(|| format!("could not parse `{}`", path.display()))?;
    Ok(Profile {
        revision: None,
        artifacts: BTreeMap::from([(name.to_owned(), anatomy)]),
    })
}

/// Builds the commit with its own sources, settings and locked dependencies, and with our toolchain and optimiser.
fn build(project: &Project, commit: &str) -> Result<Profile> {
    ui::status("Building", &format!("the base, {commit}"));
    let directory = temporary::directory()?;
    // The path is not below this checkout, where cargo would add our settings to those of the base.
    let root = directory.path().join("tree");
    fs::create_dir(&root).with_context(|| format!("could not make the directory `{}`", root.display()))?;
    let shell = project.shell()?;
    let archive = directory.path().join("tree.tar");
    cmd::run(
        cmd!(shell, "git archive --format=tar --output {archive} {commit}"),
        "export the base from git",
    )?;
    // All files get the current time: cargo takes sources that are older than its output for the ones it compiled,
    // and the last build in this target directory was of another commit.
    cmd::run(
        cmd!(shell, "tar -x --touch -f {archive} -C {root}"),
        "unpack the base",
    )?;
    let target = project.target.join("xtask").join("base");
    let base = Project {
        root,
        dist: target.join("dist"),
        target,
        cache: project.cache.clone(),
    };
    let built = wasm::profile_of_another(project, &base, commit)
        .with_context(|| format!("could not build the base {commit}"))?;
    Ok(Profile {
        revision: Some(commit.to_owned()),
        ..built
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefers_files_and_detects_their_kind() {
        let project = Project::discover().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let find = |name: &str, bytes: &[u8]| {
            let path = directory.path().join(name);
            fs::write(&path, bytes).unwrap();
            (Base::find(&project, path.to_str().unwrap()).unwrap(), path)
        };
        let (base, path) = find("a", b"\0asm\x01\0\0\0");
        assert_eq!(base, Base::Binary(path));
        let (base, path) = find("b", b"{}");
        assert_eq!(base, Base::Sizes(path));
        let error = Base::find(&project, "no-such-thing").unwrap_err().to_string();
        assert!(error.contains("neither a file nor a git revision"), "{error}");
    }
}
