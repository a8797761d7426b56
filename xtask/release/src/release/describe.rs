//! The description of each program: how it was built, and its components.

use anyhow::Result;
use builds::{lock::Lock, packages::Tree};
use devkit::project::Project;
use xshell::Shell;

use super::{
    metadata::Build,
    program::Program,
    sbom::{self, Checksums, Subject},
    toolchain::Toolchain,
};

/// Describes the programs of one commit.
pub(super) struct Describer<'d> {
    project: &'d Project,
    shell: Shell,
    commit: &'d str,
    time: u64,
    /// The toolchain of all programs.
    pub(super) toolchain: Toolchain,
    sums: Checksums,
}

/// The description of a program.
#[derive(Clone, Debug)]
pub(super) struct Description {
    /// The build of the program.
    pub(super) build: Build,
    /// Its components, as the text of a CycloneDX document.
    pub(super) sbom: String,
}

impl<'d> Describer<'d> {
    /// Prepares for programs of `commit`, whose time is `time` seconds after 1970.
    pub(super) fn new(project: &'d Project, commit: &'d str, time: u64) -> Result<Self> {
        let toolchain = Toolchain::of(project)?;
        let sums = Checksums::of(Lock::of(&project.root)?);
        Ok(Self {
            project,
            shell: project.shell()?,
            commit,
            time,
            toolchain,
            sums,
        })
    }

    /// Describes `program`, which is in a file of this name and SHA-256.
    pub(super) fn describe(&self, program: Program, file: &str, sha256: &str) -> Result<Description> {
        let tree = Tree::ask(
            &self.shell,
            program.package(),
            program.features(),
            program.target(),
        )?;
        let subject = Subject {
            file,
            sha256,
            target: program.target(),
            commit: self.commit,
            source: env!("CARGO_PKG_REPOSITORY"),
            time: self.time,
        };
        Ok(Description {
            build: program.build(self.project, &tree.features)?,
            sbom: sbom::document(subject, &tree, &self.sums, &self.toolchain.natives(program))?,
        })
    }
}
