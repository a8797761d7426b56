//! The fixture of all hosts: the components, the wasmtime commands, and the mock provider.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use artifacts::Shipped;
use devkit::project::Project;
use flags::values::Releases;
use testkit::{Provider, WorkDirectory};
use toolchain::Wasmtime;

use super::host::Host;

/// Everything that is prepared once, before the first case.
#[derive(Debug)]
pub(super) struct Fixture {
    pub(super) project: Project,
    shipped: Shipped,
    wasmtimes: Vec<Wasmtime>,
    /// The mock provider. It is declared before the directory, so that it ends before its log is removed.
    pub(super) provider: Provider,
    directory: WorkDirectory,
}

impl Fixture {
    /// Builds and starts what all cases need. With `keep`, the directory outlives the run, and its path is printed.
    pub(super) fn prepare(project: &Project, keep: bool) -> Result<Self> {
        let shipped = artifacts::ensure_served_built(project)?;
        let directory = WorkDirectory::new(keep)?;
        let provider = Provider::start(project, &directory.path().join("requests.jsonl"))?;
        Ok(Self {
            project: project.clone(),
            shipped,
            wasmtimes: toolchain::wasmtimes(project, Releases::All)?,
            provider,
            directory,
        })
    }

    /// Returns the component that the host serves.
    pub(super) fn component(&self, host: &Host) -> &Path {
        if host.p3 {
            &self.shipped.served_p3
        } else {
            &self.shipped.served
        }
    }

    /// Returns the wasmtime command of a release.
    pub(super) fn wasmtime(&self, release: &str) -> Result<PathBuf> {
        let mut all = self.wasmtimes.iter();
        let found = all.find(|wasmtime| wasmtime.version.starts_with(release));
        let found = found.with_context(|| format!("xtask/data/tools.toml has no wasmtime {release}"))?;
        Ok(found.path.clone())
    }

    /// Returns the directory that contains one directory for each case.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }
}
