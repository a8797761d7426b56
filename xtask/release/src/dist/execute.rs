//! Carries out the plan.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use builds::{
    budget::Measured,
    files::{Mode, gzip, read, replace, replace_as},
    macho, pe,
};
use devkit::{project::Project, revision, ui};
use flags::values::{System, Target};

use super::{
    archive,
    build::{WEFT, build},
    check::{Directories, check},
    deb,
    describe::{self, describe},
    diet,
    plan::Step,
    report::Report,
    sums,
};

/// The version of all packages in this workspace.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Carries out `steps` in order. Archives go to the directory `release`.
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

/// Returns the directory of the archives, the checksums and the other files of a release.
pub(crate) fn release_directory(dist: &Path) -> PathBuf {
    dist.join("release")
}

/// Returns the name of the archive of `target` without `.tar.gz`.
pub(super) fn archive_stem(target: Target) -> String {
    format!("weft-{VERSION}-{}", target.triple())
}

/// Returns the file name of the archive of `target`.
pub(crate) fn archive_name(target: Target) -> String {
    format!("{}.tar.gz", archive_stem(target))
}

/// The state that the steps share.
struct Executor<'p> {
    project: &'p Project,
    locked: bool,
    report: Report,
    /// The files that each archive holds beside the program.
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
        let built = build(
            self.project,
            WEFT,
            targets,
            &self.report.short_revision(),
            self.locked,
        )?;
        let directories = Directories::new(self.project)?;
        make_directory(&self.project.dist)?;
        for (target, path) in built {
            let name = target.file_name();
            let mut bytes = read(&path)?;
            match target.system() {
                System::Linux => {}
                System::Macos => {
                    macho::identify(&mut bytes)?;
                    macho::sign(&mut bytes, "weft")?;
                }
                System::Windows => pe::clear_time(&mut bytes)?,
            }
            check(&bytes, target, &directories).with_context(|| format!("{name} must not ship"))?;
            replace_as(&self.path(target), &bytes, Mode::Program)?;
        }
        if targets.iter().any(|target| target.is_static()) {
            describe::write_notices(self.project)?;
        }
        Ok(())
    }

    fn measure(&mut self, target: Target) -> Result<()> {
        let bytes = read(&self.path(target))?;
        let compressed =
            gzip(&bytes).with_context(|| format!("could not compress {}", target.file_name()))?;
        self.report.binary(
            target,
            &bytes,
            Measured {
                raw: bytes.len(),
                gzip: compressed.len(),
            },
        );
        Ok(())
    }

    fn describe(&mut self, target: Target) -> Result<()> {
        self.pages = describe(self.project, &self.path(target))?;
        self.pages.extend(describe::documents(self.project)?);
        Ok(())
    }

    fn pack(&mut self, target: Target) -> Result<()> {
        make_directory(self.release)?;
        let mut entries = self.pages.clone();
        entries.extend(describe::notices(self.project, target)?);
        let bytes = read(&self.path(target))?;
        entries.insert(
            target.program().to_owned(),
            archive::Entry {
                bytes,
                mode: Mode::Program,
            },
        );
        forget_others(self.release)?;
        let time = revision::time(self.project)?;
        if let Some((name, architecture)) = deb::name(target).zip(target.debian_architecture()) {
            self.put(name, &deb::package(architecture, &entries, time)?)?;
        }
        let stem = archive_stem(target);
        self.put(archive_name(target), &archive::tar_gz(&stem, &entries, time)?)
    }

    /// Adds a file to the release.
    fn put(&mut self, name: String, packed: &[u8]) -> Result<()> {
        replace(&self.release.join(&name), packed)?;
        self.report.archive(name, packed);
        Ok(())
    }

    fn path(&self, target: Target) -> PathBuf {
        self.project.dist.join(target.file_name())
    }
}

/// Removes the files in `directory` that are not archives or packages of this version. The checksums cover all files
/// there, and the other files of a release that `cargo xtask release` made become invalid when one archive in it
/// changes.
fn forget_others(directory: &Path) -> Result<()> {
    let list = || format!("could not list `{}`", directory.display());
    let ours: Vec<String> = Target::ALL
        .into_iter()
        .flat_map(|target| {
            [
                Some(archive_name(target)),
                Some(diet::archive_name(target)),
                deb::name(target),
            ]
        })
        .flatten()
        .collect();
    for entry in fs::read_dir(directory).with_context(list)? {
        let entry = entry.with_context(list)?;
        let stays = entry.file_name().to_str().is_some_and(|name| {
            // The temporary files of another run begin with a dot.
            name.starts_with('.') || ours.iter().any(|ours| ours == name)
        });
        if !stays && entry.file_type().with_context(list)?.is_file() {
            let path = entry.path();
            fs::remove_file(&path).with_context(|| format!("could not remove `{}`", path.display()))?;
        }
    }
    Ok(())
}

pub(super) fn make_directory(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)
        .with_context(|| format!("could not make the directory `{}`", directory.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_other_versions_and_release_files() {
        let directory = tempfile::tempdir().unwrap();
        let stays = [archive_name(Target::MacosArm64), archive_name(Target::LinuxArm64)];
        let goes = [
            "weft-0.0.1-aarch64-unknown-linux-musl.tar.gz",
            "release.json",
            "SHA256SUMS",
            "clawft.wasm",
        ];
        for name in stays.iter().map(String::as_str).chain(goes) {
            fs::write(directory.path().join(name), name).unwrap();
        }
        fs::create_dir(directory.path().join("directory")).unwrap();
        forget_others(directory.path()).unwrap();
        let entries = fs::read_dir(directory.path()).unwrap();
        let mut left: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["directory".to_owned(), stays[0].clone(), stays[1].clone()]);
    }
}
