//! Programs that are built on demand into the cache, where all checkouts share them.

mod stamp;

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use devkit::{
    cargo::{cargo, executable},
    cmd,
    project::Project,
    ui,
};
use xshell::Cmd;

use self::stamp::{Built, Stamp};
use crate::files;

/// A program of this workspace that few commands need and that takes long to compile. It is built when it is
/// needed, and kept in the cache, where every checkout finds it. If its sources changed, cargo decides which
/// of its crates are still valid. Cargo cannot decide about the program itself, because it compares file
/// times, and the sources of another checkout may be older than this build.
#[derive(Clone, Copy, Debug)]
pub struct OnDemand {
    /// The package, and the name of its program.
    pub package: &'static str,
    /// The directory of its workspace, if that is another one than ours.
    pub workspace: Option<&'static str>,
    /// The profile of the build.
    pub profile: &'static str,
    /// The content and duration of the first build, for the message to the user.
    pub first_time: &'static str,
    /// The program's own sources: files and directories, relative to the workspace's root.
    pub sources: &'static [&'static str],
    /// Provides tools for the build other than cargo.
    pub prepare: fn(&Project) -> Result<()>,
}

/// A way to compile such a program.
#[derive(Clone, Debug, Default)]
pub struct Variant {
    /// The variant's directory in the cache; empty for the usual variant.
    pub name: &'static str,
    /// Additional options of cargo.
    pub options: &'static [&'static str],
    /// Additional environment variables.
    pub variables: Vec<(&'static str, OsString)>,
}

impl OnDemand {
    /// Returns the path of the program, and compiles it if necessary.
    pub fn ensure_built(&self, project: &Project) -> Result<PathBuf> {
        self.ensure_variant_built(project, &Variant::default())
    }

    /// Returns the path of the program as `variant` compiles it, and compiles it if necessary.
    pub fn ensure_variant_built(&self, project: &Project, variant: &Variant) -> Result<PathBuf> {
        let Self {
            package,
            profile,
            first_time,
            prepare,
            ..
        } = self;
        let stamp = self.stamp(project)?;
        let shared = project.cache_folder("build")?;
        let stamp_in = |target: &Path| target.join(format!("{package}.sources"));
        if let Built::Whole(program) = stamp.find(&stamp_in(&shared.join(variant.name))) {
            return Ok(program);
        }
        let target = own_folder().unwrap_or(shared).join(variant.name);
        if !target.join(profile).join(package).exists() {
            prepare(project)?;
            ui::status("Building", first_time);
        }
        let _turn = turn(&target, package).with_context(|| project.cache_failure())?;
        // Another process may have built it during the wait.
        let path = stamp_in(&target);
        let found = stamp.find(&path);
        if let Built::Whole(program) = found {
            return Ok(program);
        }
        if let Built::Damaged(program) = &found {
            ui::warn(&format!(
                "`{}` is not what was built there: it is built again",
                program.display()
            ));
        }
        let shell = project.shell()?;
        if found != Built::Absent {
            let clean = cargo(&shell, "clean").args(["--quiet", "--package", package, "--profile", profile]);
            let clean = clean.args(self.manifest());
            cmd::run(
                clean.arg("--target-dir").arg(&target),
                &format!("forget {package} as it was built before"),
            )?;
        }
        let build = self.command(cargo(&shell, "build"), &target, variant);
        let program = executable(build, &format!("build {package}"))?;
        stamp.write(&path, &program)?;
        Ok(program)
    }

    /// Runs clippy on the package as `variant` compiles it. This compiles no C code that the program does not
    /// need.
    ///
    /// # Errors
    /// Fails if clippy reports warnings, which are printed.
    pub fn lint(&self, project: &Project, variant: &Variant) -> Result<()> {
        let Self { package, prepare, .. } = self;
        prepare(project)?;
        let target = project.cache_folder("build")?.join(variant.name);
        let _turn = turn(&target, package)?;
        // Clippy may have checked another checkout's sources last: an unused flag distinguishes the two.
        let flag = format!("sources=\"{}\"", self.stamp(project)?.sources);
        let shell = project.shell()?;
        let clippy = cargo(&shell, "clippy").args(["--quiet", "--all-targets"]);
        let clippy = self
            .command(clippy, &target, variant)
            .args(["--", "--deny", "warnings", "--cfg", &flag]);
        cmd::run(clippy, &format!("pass clippy's checks of {package}"))
    }

    fn stamp(&self, project: &Project) -> Result<Stamp> {
        let workspace = project.root.join(self.workspace.unwrap_or_default());
        Stamp::of(&project.root, &workspace, self.package, self.sources)
    }

    /// Returns cargo's options for a workspace other than ours.
    fn manifest(&self) -> Vec<String> {
        let options = |workspace| vec!["--manifest-path".to_owned(), format!("{workspace}/Cargo.toml")];
        self.workspace.map(options).unwrap_or_default()
    }

    /// Returns the cargo command with the options and variables of the build.
    fn command<'s>(&self, cargo: Cmd<'s>, target: &Path, variant: &Variant) -> Cmd<'s> {
        cargo
            .args([
                "--package",
                self.package,
                "--profile",
                self.profile,
                "--target-dir",
            ])
            .arg(target)
            .args(self.manifest())
            .args(variant.options)
            .envs(variant.variables.iter().map(|(name, value)| (name, value)))
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
    }
}

/// Removes the programs in the cache that are not what was built there, and returns their paths. They are built again
/// when they are needed.
///
/// # Errors
/// Fails if a program cannot be removed.
pub fn forget_damaged(project: &Project) -> Result<Vec<PathBuf>> {
    let build = project.cache.join("build");
    let mut removed = Vec::new();
    for directory in directories(&build).into_iter().chain([build]) {
        for path in entries(&directory) {
            if path.extension().is_some_and(|extension| extension == "sources") {
                // In a cache that cannot be written to, only a damaged program is an error.
                if stamp::find_damaged(&path)?.is_some() {
                    let _turn =
                        files::lock(&path.with_extension("lock")).with_context(|| project.cache_failure())?;
                    removed.extend(stamp::forget_if_damaged(&path)?);
                }
            }
        }
    }
    Ok(removed)
}

fn directories(directory: &Path) -> Vec<PathBuf> {
    let mut found = entries(directory);
    found.retain(|path| path.is_dir());
    found
}

/// Returns the entries of `directory`; none if there is no such directory.
fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// The variable that names the build directory for a cargo home other than the user's. Cargo identifies the
/// sources of crates by their paths, so a build in the shared directory would make all others compile them
/// again.
pub const OWN_FOLDER: &str = "CLAWFT_BUILD";

fn own_folder() -> Option<PathBuf> {
    env::var_os(OWN_FOLDER)
        .filter(|directory| !directory.is_empty())
        .map(PathBuf::from)
}

/// Waits until no other process brings `package` in `target` up to date, and locks it until the result is
/// dropped: otherwise one of two processes would overwrite the stamp of the other.
fn turn(target: &Path, package: &str) -> Result<File> {
    files::lock(&target.join(format!("{package}.lock")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cache_without_write_access_may_be_checked() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().to_owned();
        let project = Project {
            target: root.join("target"),
            dist: root.join("target/dist"),
            cache: root.clone(),
            root,
        };
        let build = project.cache_folder("build").unwrap();
        let program = build.join("program");
        let stamp = |sum: &str| {
            let text = format!("one\nrest\n{}\n{sum}\n", program.display());
            fs::write(build.join("program.sources"), text).unwrap();
        };
        fs::write(&program, "one").unwrap();
        stamp(&crate::digest::of_file(&program).unwrap());
        // Root could write to a directory without permission, but a directory cannot be locked as a file.
        fs::create_dir(build.join("program.lock")).unwrap();
        assert!(forget_damaged(&project).unwrap().is_empty());
        stamp("another sum");
        let error = forget_damaged(&project).unwrap_err();
        assert_eq!(error.to_string(), project.cache_failure());
        assert!(program.exists());
    }
}
