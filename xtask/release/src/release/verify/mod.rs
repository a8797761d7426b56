//! `cargo xtask release --verify DIR`: makes a release again, elsewhere, with the tool of its own sources, and compares it byte
//! for byte. What this checkout has made, in `target/dist`, can be compared the same way before it is a release.
//!
//! Modules in reading order: [`elsewhere`] is where it is made again, with a [`tree`] of sources, [`crates`] and a
//! [`toolchain`] that it [`share`]s; [`mod@compare`] says which files differ and [`difference`] where, in an [`archive`], in
//! [`wasm`] or in a [`layout`] of images.

mod archive;
mod compare;
mod crates;
mod difference;
mod elsewhere;
mod layout;
mod share;
mod toolchain;
mod tree;
mod wasm;

use std::{env, ffi::OsString, fs, path::Path};

use anyhow::{Context as _, Result};
use devkit::{cmd, project::Project, ui};
use flags::values::Target;
use image::layout as oci;
use xshell::cmd;

use self::{
    compare::{Finding, compare, folders},
    elsewhere::Elsewhere,
};
use super::{
    metadata::{Kind, Metadata},
    stage::SIGNATURE,
};
use crate::dist;

/// What this checkout makes beside binaries and the layout.
const OF_WASM: [&str; 4] = ["clawft.wasm", "clawft.wasm.gz", "clawft-wasip1.wasm", "size.json"];

/// Makes the release in `folder` again and compares the two; if `folder` is `target/dist`, what this checkout makes.
///
/// # Errors
/// Something in it differs, or it can't be made again.
pub(super) fn run(project: &Project, folder: &Path) -> Result<()> {
    let same = |one: &Path, other: &Path| fs::canonicalize(one).ok() == fs::canonicalize(other).ok();
    let findings = if same(folder, &project.dist) { checkout(project)? } else { release(project, folder)? };
    ui::result(&compare::words(&findings))?;
    compare::judge(&findings)
}

/// The same for a release: of its commit, whatever is checked out here.
fn release(project: &Project, folder: &Path) -> Result<Vec<Finding>> {
    let metadata = Metadata::read(folder)?;
    let (version, commit) = (&metadata.version, &metadata.commit);
    ui::status("Making", &format!("{version} again, from commit {commit}"));
    let foreign = tempfile::tempdir().context("could not make a temporary folder")?;
    let archives = metadata.files.iter().filter(|(_, file)| file.kind == Kind::Archive).map(|(name, _)| name);
    let taken = take_foreign(folder, archives, foreign.path())?;
    let place = Elsewhere::at_commit(project, commit)?;
    let mut words = words("release --dry-run --skip-checks");
    if !taken.is_empty() {
        ui::warn(&format!("not made again, for that takes other machines: {}", taken.join(", ")));
        words.extend(["--artifacts".into(), foreign.path().into()]);
    }
    place.xtask(&words)?;
    let mut findings = folders(folder, &place.dist().join("release"))?;
    // The signature is nobody's to make again.
    findings.retain(|finding| !taken.contains(&finding.name) && finding.name != SIGNATURE);
    // As it is in a target folder; a release page has it in no file.
    if let Some(beside) = folder.parent().filter(|beside| beside.join(oci::DIRECTORY).is_dir()) {
        findings.push(compare(beside, &place.dist(), oci::DIRECTORY)?);
    }
    Ok(findings)
}

/// Copies those of `archives` in `folder` that this machine can't make into the folder `to`, and returns their names: the rest of
/// a release lists them.
fn take_foreign<'m>(
    folder: &Path,
    archives: impl Iterator<Item = &'m String>,
    to: &Path,
) -> Result<Vec<String>> {
    let own: Vec<String> = dist::own_targets().into_iter().map(dist::archive_name).collect();
    let foreign: Vec<String> = archives.filter(|name| !own.contains(name)).cloned().collect();
    for name in &foreign {
        let from = folder.join(name);
        fs::copy(&from, to.join(name)).with_context(|| format!("could not copy `{}`", from.display()))?;
    }
    Ok(foreign)
}

/// The same for what this checkout makes, committed or not: here, and elsewhere.
fn checkout(project: &Project) -> Result<Vec<Finding>> {
    let (wasm, mut images) = (words("wasm --locked"), words("docker --builder oci"));
    here(project, &wasm)?;
    here(project, &images)?;
    // Elsewhere no branch is checked out that would give the images a tag.
    for tag in oci::tags(&project.dist.join(oci::DIRECTORY))? {
        images.extend(["--tag".into(), tag.into()]);
    }
    let place = Elsewhere::kept(project)?;
    // The binaries of all images at once, which is quicker than one after the other.
    for words in [wasm, words("dist --locked"), images] {
        place.xtask(&words)?;
    }
    let binaries = [Target::LinuxAmd64, Target::LinuxArm64].map(Target::file_name);
    let names = OF_WASM.into_iter().chain(binaries).chain([oci::DIRECTORY]);
    names.map(|name| compare(&project.dist, &place.dist(), name)).collect()
}

fn words(command: &str) -> Vec<OsString> {
    command.split(' ').map(OsString::from).collect()
}

/// Runs one of our own commands, in a process of its own as elsewhere. Takes a moment where nothing changed.
fn here(project: &Project, words: &[OsString]) -> Result<()> {
    let (shell, program) =
        (project.shell()?, env::current_exe().context("could not find this program's own file")?);
    let shown = words.join(" ".as_ref());
    let what = format!("`cargo xtask {}`", shown.to_string_lossy());
    ui::progress("Running", &format!("{what} here"), || {
        cmd::run_quietly(cmd!(shell, "{program} {words...}"), &format!("run {what}"), 60)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_for_other_systems_are_taken_as_they_are() {
        let [from, to] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let names = Target::ALL.map(dist::archive_name);
        names.iter().for_each(|name| fs::write(from.path().join(name), name).unwrap());
        let taken = take_foreign(from.path(), names.iter(), to.path()).unwrap();
        assert_eq!(taken.len(), Target::ALL.len() - dist::own_targets().len());
        assert!(taken.iter().all(|name| &fs::read_to_string(to.path().join(name)).unwrap() == name));
    }
}
