//! The packages in a program, and the directories of their sources.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use builds::packages::{Id, Tree};
use cargo_metadata::{Metadata, MetadataCommand};
use devkit::{cmd, project::Project};
use xshell::cmd;

use crate::{licence, part::Part, program::Build, texts};

/// A package that is not ours.
#[derive(Clone, Debug)]
pub(crate) struct Linked {
    pub(crate) id: Id,
    licence: String,
    repository: String,
    authors: Vec<String>,
    directory: PathBuf,
}

impl Linked {
    /// Returns the package with its texts.
    pub(crate) fn part(&self) -> Result<Part> {
        let required = licence::required(&self.licence)?;
        Ok(Part {
            name: self.id.name.clone(),
            version: self.id.version.clone(),
            licence: self.licence.clone(),
            source: self.repository.clone(),
            texts: texts::find(&self.directory, &required, &self.authors)?,
        })
    }
}

/// Returns the packages in `build` for `target`: those of the lock file, and those that the standard
/// library is built with. Neither the packages of this workspace nor those of Rust are among them.
pub(crate) fn linked(project: &Project, build: &Build<'_>, target: &str) -> Result<Vec<Linked>> {
    let shell = project.shell()?;
    let metadata = |manifest: PathBuf, options: &[String]| -> Result<Metadata> {
        MetadataCommand::new()
            .manifest_path(manifest)
            .other_options(
                [
                    &["--locked", "--filter-platform", target].map(str::to_owned),
                    options,
                ]
                .concat(),
            )
            // The manifests of the standard library use unstable features.
            .env("RUSTC_BOOTSTRAP", "1")
            .exec()
            .context("could not read the packages with `cargo metadata`")
    };
    // In a workspace, features have their package in front.
    let names = build.features.iter().filter(|word| !word.starts_with("--"));
    let names = names.flat_map(|names| names.split(','));
    let options: Vec<String> = names
        .map(|name| format!("--features={}/{name}", build.package))
        .collect();
    let ours = Tree::ask(&shell, build.package, build.features, target)?;
    let mut found = select(&ours, &metadata(project.root.join("Cargo.toml"), &options)?)?;
    let sysroot = cmd::read(
        cmd!(shell, "rustc --print sysroot"),
        "ask rustc for its directory",
    )?;
    let std = PathBuf::from(sysroot).join("lib/rustlib/src/rust/library/sysroot/Cargo.toml");
    found.extend(select(
        &Tree::of_std(&shell, &std, target)?,
        &metadata(std, &[])?,
    )?);
    Ok(found)
}

/// Returns the linked packages in `tree` that come from a registry.
fn select(tree: &Tree, metadata: &Metadata) -> Result<Vec<Linked>> {
    let mut found = Vec::new();
    for (id, package) in &tree.packages {
        if !package.linked {
            continue;
        }
        let is_this = |it: &&cargo_metadata::Package| {
            it.name.as_str() == id.name && it.version.to_string() == id.version
        };
        let about = metadata.packages.iter().find(is_this);
        let about = about.with_context(|| format!("cargo names no source of {} {}", id.name, id.version))?;
        let directory = about
            .manifest_path
            .parent()
            .context("a manifest is in no directory")?;
        let directory = directory.as_std_path().to_owned();
        if about.source.is_none() {
            continue;
        }
        found.push(Linked {
            id: id.clone(),
            licence: package.licence.clone(),
            repository: package.repository.clone(),
            authors: about.authors.clone(),
            directory,
        });
    }
    Ok(found)
}
