//! `cargo xtask release --verify DIR`: makes a release again in a second environment, with the build tool of its
//! own sources, and compares every byte. The files of this checkout in `target/dist` can be compared in the same
//! way before a release.
//!
//! Modules in reading order: [`environment`] is the second environment, with a [`tree`] of sources, and [`crates`]
//! and a [`toolchain`] that it [`share`]s; [`mod@compare`] finds the files that differ and [`difference`] the
//! positions in them, in an [`archive`], in [`wasm`] or in a [`layout`] of images.

mod archive;
mod compare;
mod crates;
mod difference;
mod environment;
mod layout;
mod share;
mod toolchain;
mod tree;
mod wasm;

use std::{ffi::OsString, fs, path::Path};

use anyhow::{Context as _, Result};
use builds::{progress, temporary};
use devkit::{cmd, package::XTASK, project::Project, ui};
use flags::values::Target;
use image::layout as oci;
use xshell::cmd;

use self::{
    compare::{Finding, compare, directories},
    environment::Environment,
};
use super::{
    metadata::{Kind, Metadata},
    stage::{KEY_SIGNATURE, SIGNATURE},
};
use crate::dist;

/// The files of this checkout beside binaries and the layout.
const OF_WASM: [&str; 6] = [
    "clawft.wasm",
    "clawft.wasm.gz",
    "clawft-wasip1.wasm",
    "clawft-serve.wasm",
    "clawft-serve-p3.wasm",
    "size.json",
];

/// Makes the release in `directory` again and compares the two; for `target/dist`, the files of this checkout.
///
/// # Errors
/// Fails if something differs, or cannot be made again.
pub(super) fn run(project: &Project, directory: &Path) -> Result<()> {
    let same = |one: &Path, other: &Path| fs::canonicalize(one).ok() == fs::canonicalize(other).ok();
    let findings = if same(directory, &project.dist) {
        checkout(project)?
    } else {
        release(project, directory)?
    };
    ui::result(&compare::render(&findings))?;
    compare::judge(&findings)
}

/// Makes a release again from its commit, independent of the one that is checked out here, and compares.
fn release(project: &Project, directory: &Path) -> Result<Vec<Finding>> {
    let metadata = Metadata::read(directory)?;
    let (version, commit) = (&metadata.version, &metadata.commit);
    ui::status("Making", &format!("{version} again, from commit {commit}"));
    let foreign = temporary::directory()?;
    let archives = metadata
        .files
        .iter()
        .filter(|(_, file)| file.kind == Kind::Archive)
        .map(|(name, _)| name);
    let taken = take_foreign(directory, archives, foreign.path())?;
    let place = Environment::at_commit(project, commit)?;
    let mut words = arguments("release --dry-run --skip-checks");
    if !taken.is_empty() {
        ui::warn(&format!(
            "not made again, because they need other machines: {}",
            taken.join(", ")
        ));
        words.extend(["--artifacts".into(), foreign.path().into()]);
    }
    place.xtask(&words)?;
    let mut findings = directories(directory, &place.dist().join("release"))?;
    // The signatures cannot be made again.
    let is_signature = |name: &str| [SIGNATURE, KEY_SIGNATURE].contains(&name);
    findings.retain(|finding| !taken.contains(&finding.name) && !is_signature(&finding.name));
    // A layout exists in a target directory only; a release page has no file of it.
    if let Some(beside) = directory
        .parent()
        .filter(|beside| beside.join(oci::DIRECTORY).is_dir())
    {
        findings.push(compare(beside, &place.dist(), oci::DIRECTORY)?);
    }
    Ok(findings)
}

/// Copies the archives in `directory` that this machine cannot make to the directory `to`, and returns their names,
/// because the other files of a release list them.
fn take_foreign<'m>(
    directory: &Path,
    archives: impl Iterator<Item = &'m String>,
    to: &Path,
) -> Result<Vec<String>> {
    let own: Vec<String> = dist::own_targets().into_iter().map(dist::archive_name).collect();
    let foreign: Vec<String> = archives.filter(|name| !own.contains(name)).cloned().collect();
    for name in &foreign {
        let from = directory.join(name);
        fs::copy(&from, to.join(name)).with_context(|| format!("could not copy `{}`", from.display()))?;
    }
    Ok(foreign)
}

/// Makes the files of this checkout, committed or not, here and in the second environment, and compares.
fn checkout(project: &Project) -> Result<Vec<Finding>> {
    let [wasm, binaries, mut images] = [
        "wasm --locked",
        "dist --locked --binaries-only",
        "docker --builder oci",
    ]
    .map(arguments);
    for words in [&wasm, &binaries, &images] {
        here(project, words)?;
    }
    // The second environment has no branch that would give the images a tag.
    for tag in oci::tags(&project.dist.join(oci::DIRECTORY))? {
        images.extend(["--tag".into(), tag.into()]);
    }
    let place = Environment::kept(project)?;
    // All binaries are built together, which is faster than one after the other.
    for words in [wasm, binaries, images] {
        place.xtask(&words)?;
    }
    let binaries = Target::ALL.map(Target::file_name);
    let names = OF_WASM.into_iter().chain(binaries).chain([oci::DIRECTORY]);
    names
        .map(|name| compare(&project.dist, &place.dist(), name))
        .collect()
}

fn arguments(command: &str) -> Vec<OsString> {
    command.split(' ').map(OsString::from).collect()
}

/// Runs one of our own commands in its own process, as in the second environment. Fast if nothing has changed.
fn here(project: &Project, words: &[OsString]) -> Result<()> {
    let program = XTASK.ensure_built(project)?;
    let shell = project.shell()?;
    let shown = words.join(" ".as_ref());
    let what = format!("`cargo xtask {}`", shown.to_string_lossy());
    progress::show("Running", &format!("{what} here"), || {
        cmd::run_quietly(cmd!(shell, "{program} {words...}"), &format!("run {what}"), 60)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_archives_for_other_systems() {
        let [from, to] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let names = Target::ALL.map(dist::archive_name);
        names
            .iter()
            .for_each(|name| fs::write(from.path().join(name), name).unwrap());
        let taken = take_foreign(from.path(), names.iter(), to.path()).unwrap();
        assert_eq!(taken.len(), Target::ALL.len() - dist::own_targets().len());
        assert!(
            taken
                .iter()
                .all(|name| &fs::read_to_string(to.path().join(name)).unwrap() == name)
        );
    }
}
