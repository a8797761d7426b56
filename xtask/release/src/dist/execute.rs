//! Carries out the plan.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use devkit::{
    budget::Measured,
    files::{Mode, gzip, read, replace, replace_as},
    project::Project,
    revision, ui,
};
use flags::values::Target;

use super::{
    archive,
    build::build,
    check::{Folders, check},
    describe::{self, describe},
    plan::Step,
    report::Report,
    sums,
};

/// The version of everything in this workspace.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Carries out `steps`, one after the other. Archives go to the folder `release`.
pub(super) fn carry_out(project: &Project, steps: &[Step], release: &Path, locked: bool) -> Result<Report> {
    let mut executor = Executor {
        project,
        locked,
        report: Report::new(revision::of(project)?),
        pages: archive::Entries::new(),
        release,
    };
    steps.iter().try_for_each(|step| executor.step(step))?;
    Ok(executor.report)
}

/// Where archives and checksums go, and all that a release has beside them.
pub(crate) fn release_folder(dist: &Path) -> PathBuf {
    dist.join("release")
}

/// The archive of `target`, without what says that it is one.
pub(super) fn archive_stem(target: Target) -> String {
    format!("weft-{VERSION}-{}", target.triple())
}

/// The file name of the archive of `target`.
pub(crate) fn archive_name(target: Target) -> String {
    format!("{}.tar.gz", archive_stem(target))
}

/// What the steps know of each other.
struct Executor<'p> {
    project: &'p Project,
    locked: bool,
    report: Report,
    /// What each archive holds beside the program.
    pages: archive::Entries,
    release: &'p Path,
}

impl Executor<'_> {
    fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Build(targets) => self.build(targets),
            Step::Measure(targets) => targets.iter().try_for_each(|target| self.measure(*target)),
            Step::Describe(target) => self.describe(*target),
            Step::Pack(target) => self.pack(*target),
            Step::Sum => sums::write(self.release),
        }
    }

    fn build(&mut self, targets: &[Target]) -> Result<()> {
        let names: Vec<&str> = targets.iter().map(|target| target.file_name()).collect();
        ui::status("Building", &names.join(", "));
        let built = build(self.project, targets, &self.report.short_revision(), self.locked)?;
        let folders = Folders::new(self.project)?;
        make_folder(&self.project.dist)?;
        for (target, path) in built {
            let name = target.file_name();
            let bytes = read(&path)?;
            check(&bytes, target, &folders).with_context(|| format!("{name} must not ship"))?;
            replace_as(&self.path(target), &bytes, Mode::Program)?;
        }
        Ok(())
    }

    fn measure(&mut self, target: Target) -> Result<()> {
        let bytes = read(&self.path(target))?;
        let compressed =
            gzip(&bytes).with_context(|| format!("could not compress {}", target.file_name()))?;
        self.report.binary(target, &bytes, Measured { raw: bytes.len(), gzip: compressed.len() });
        Ok(())
    }

    fn describe(&mut self, target: Target) -> Result<()> {
        self.pages = describe(self.project, &self.path(target))?;
        self.pages.extend(describe::documents(self.project)?);
        Ok(())
    }

    fn pack(&mut self, target: Target) -> Result<()> {
        make_folder(self.release)?;
        let mut entries = self.pages.clone();
        let bytes = read(&self.path(target))?;
        entries.insert(target.program().to_owned(), archive::Entry { bytes, mode: Mode::Program });
        let stem = archive_stem(target);
        let packed = archive::tar_gz(&stem, &entries, revision::time(self.project)?)?;
        let name = archive_name(target);
        forget_others(self.release)?;
        replace(&self.release.join(&name), &packed)?;
        self.report.archive(name, &packed);
        Ok(())
    }

    fn path(&self, target: Target) -> PathBuf {
        self.project.dist.join(target.file_name())
    }
}

/// Removes the files in `folder` that are no archives of this version. The checksums are for all that is there, and of a whole
/// release, which `cargo xtask release` makes, nothing is left once an archive in it is another.
fn forget_others(folder: &Path) -> Result<()> {
    let list = || format!("could not list `{}`", folder.display());
    let ours = Target::ALL.map(archive_name);
    for entry in fs::read_dir(folder).with_context(list)? {
        let entry = entry.with_context(list)?;
        let stays = entry.file_name().to_str().is_some_and(|name| {
            // Files that another run is about to put in place begin with a dot.
            name.starts_with('.') || ours.iter().any(|ours| ours == name)
        });
        if !stays && entry.file_type().with_context(list)?.is_file() {
            let path = entry.path();
            fs::remove_file(&path).with_context(|| format!("could not remove `{}`", path.display()))?;
        }
    }
    Ok(())
}

fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("could not make the folder `{}`", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_versions_and_what_is_left_of_a_whole_release_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let stays = [archive_name(Target::MacosArm64), archive_name(Target::LinuxArm64)];
        let goes =
            ["weft-0.0.1-aarch64-unknown-linux-musl.tar.gz", "release.json", "SHA256SUMS", "clawft.wasm"];
        for name in stays.iter().map(String::as_str).chain(goes) {
            fs::write(folder.path().join(name), name).unwrap();
        }
        fs::create_dir(folder.path().join("folder")).unwrap();
        forget_others(folder.path()).unwrap();
        let entries = fs::read_dir(folder.path()).unwrap();
        let mut left: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, ["folder".to_owned(), stays[0].clone(), stays[1].clone()]);
    }
}
