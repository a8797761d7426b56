//! Carries out the plan.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::{
    archive,
    build::build,
    check::{Folders, check},
    describe::{self, describe},
    plan::Step,
    report::Report,
    sums,
    target::Target,
};
use crate::{
    budget::Measured,
    files::{Mode, gzip, replace, replace_as},
    project::Project,
    revision, ui,
};

/// The version of everything in this workspace.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Carries out `steps`, one after the other.
pub(super) fn carry_out(project: &Project, steps: &[Step], locked: bool) -> Result<Report> {
    let mut work = Work {
        project,
        locked,
        report: Report::new(revision::of(project)?),
        pages: archive::Entries::new(),
        release: release_folder(&project.dist),
    };
    steps.iter().try_for_each(|step| work.step(step))?;
    Ok(work.report)
}

/// Where archives and checksums go.
pub(super) fn release_folder(dist: &Path) -> PathBuf {
    dist.join("release")
}

/// The archive of `target`, without what says that it is one.
pub(super) fn archive_stem(target: Target) -> String {
    format!("weft-{VERSION}-{}", target.triple())
}

/// What the steps know of each other.
struct Work<'p> {
    project: &'p Project,
    locked: bool,
    report: Report,
    /// What each archive holds beside the program.
    pages: archive::Entries,
    release: PathBuf,
}

impl Work<'_> {
    fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Build(targets) => self.build(targets),
            Step::Measure(targets) => targets.iter().try_for_each(|target| self.measure(*target)),
            Step::Describe(target) => self.describe(*target),
            Step::Pack(target) => self.pack(*target),
            Step::Sum => sums::write(&self.release),
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
        make_folder(&self.release)?;
        let mut entries = self.pages.clone();
        let bytes = read(&self.path(target))?;
        entries.insert(target.program().to_owned(), archive::Entry { bytes, mode: Mode::Program });
        let stem = archive_stem(target);
        let packed = archive::tar_gz(&stem, &entries, revision::time(self.project)?)?;
        let name = format!("{stem}.tar.gz");
        self.forget_older(target, &name)?;
        replace(&self.release.join(&name), &packed)?;
        self.report.archive(name, &packed);
        Ok(())
    }

    /// Removes the archives of other versions for `target`: the checksums are for all that is in the folder.
    fn forget_older(&self, target: Target, name: &str) -> Result<()> {
        for entry in fs::read_dir(&self.release).context("could not list the archives")? {
            let other = entry.context("could not list the archives")?;
            let other_name = other.file_name().to_string_lossy().into_owned();
            let of_target = other_name.starts_with("weft-")
                && other_name.ends_with(&format!("-{}.tar.gz", target.triple()));
            if of_target && other_name != name {
                let path = other.path();
                fs::remove_file(&path).with_context(|| format!("could not remove `{}`", path.display()))?;
            }
        }
        Ok(())
    }

    fn path(&self, target: Target) -> PathBuf {
        self.project.dist.join(target.file_name())
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("could not read `{}`", path.display()))
}

fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("could not make the folder `{}`", folder.display()))
}
