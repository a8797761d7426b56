//! Documents that were made before, by everything that they depend on.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use builds::{digest::Sha256, files};
use devkit::{cmd, project::Project};
use xshell::cmd;

use crate::{page, program::Program};

/// The sources of this package that decide a document.
const SOURCES: [&str; 10] = [
    include_str!("lib.rs"),
    include_str!("licence.rs"),
    include_str!("native.rs"),
    include_str!("packages.rs"),
    include_str!("page.rs"),
    page::LIBRARIES,
    include_str!("part.rs"),
    include_str!("program.rs"),
    include_str!("render.rs"),
    include_str!("texts.rs"),
];

/// The place of a document.
#[derive(Debug)]
pub(crate) struct Cache {
    path: PathBuf,
}

impl Cache {
    /// Returns the place of the document for `program`. It depends on the lock file, the manifests with their
    /// features, the toolchain, and this package.
    pub(crate) fn of(project: &Project, program: Program<'_>) -> Result<Self> {
        let shell = project.shell()?;
        let rustc = cmd::read(cmd!(shell, "rustc --version"), "ask rustc for its version")?;
        let mut inputs = vec![rustc, format!("{program:?}")];
        inputs.extend(SOURCES.map(str::to_owned));
        inputs.push(files::read_text(&project.root.join("Cargo.lock"))?);
        for path in manifests(&project.root)? {
            inputs.push(files::read_text(&path)?);
        }
        let key = Sha256::of(inputs.join("\0").as_bytes());
        let directory = project.target.join("xtask").join("notices");
        Ok(Self {
            path: directory.join(format!("{key}.txt")),
        })
    }

    /// Returns the document if it is there.
    pub(crate) fn read(&self) -> Option<String> {
        fs::read_to_string(&self.path).ok()
    }

    /// Keeps `document`.
    pub(crate) fn write(&self, document: &str) -> Result<()> {
        let directory = self.path.parent().context("the path has no directory")?;
        fs::create_dir_all(directory)
            .with_context(|| format!("could not make the directory `{}`", directory.display()))?;
        files::replace(&self.path, document.as_bytes())
    }
}

/// Returns the manifests of the workspace and of the packages that ship.
fn manifests(root: &Path) -> Result<Vec<PathBuf>> {
    let packages = root.join("crates");
    let list = || format!("could not list `{}`", packages.display());
    let mut found = vec![root.join("Cargo.toml")];
    for entry in fs::read_dir(&packages).with_context(list)? {
        found.push(entry.with_context(list)?.path().join("Cargo.toml"));
    }
    found.retain(|path| path.is_file());
    found.sort();
    Ok(found)
}
