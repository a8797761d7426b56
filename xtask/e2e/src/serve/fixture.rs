//! The fixture of all hosts: the components, the wasmtime commands, and the mock provider.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use devkit::project::Project;
use flags::values::Releases;
use testkit::{Provider, WorkDirectory};
use toolchain::Wasmtime;

use super::host::{HOSTS, Host, Program};

/// Everything that is prepared once, before the first case.
#[derive(Debug)]
pub(super) struct Fixture {
    pub(super) project: Project,
    /// The file that each host serves, by its name in the names of the cases.
    served: BTreeMap<&'static str, PathBuf>,
    wasmtimes: Vec<Wasmtime>,
    /// The mock provider. It is declared before the directory, so that it ends before its log is removed.
    pub(super) provider: Provider,
    directory: WorkDirectory,
}

impl Fixture {
    /// Builds and starts what the cases of `hosts` need. With `keep`, the directory outlives the run, and its path is
    /// printed.
    pub(super) fn prepare(
        project: &Project,
        hosts: impl Iterator<Item = &'static Host>,
        keep: bool,
    ) -> Result<Self> {
        let shipped = artifacts::ensure_served_built(project)?;
        let directory = WorkDirectory::new(keep)?;
        let provider = Provider::start(project, &directory.path().join("requests.jsonl"))?;
        let mut served = BTreeMap::new();
        for host in hosts {
            let component = if host.p3 {
                &shipped.served_p3
            } else {
                &shipped.served
            };
            if let Entry::Vacant(entry) = served.entry(host.case) {
                let compiled = directory.path().join(host.case).with_extension("cwasm");
                entry.insert(host.prepare(project, component, &compiled)?);
            }
        }
        Ok(Self {
            project: project.clone(),
            served,
            wasmtimes: wasmtimes(project)?,
            provider,
            directory,
        })
    }

    /// Returns the file that the host serves.
    pub(super) fn component(&self, host: &Host) -> Result<&Path> {
        let served = self.served.get(host.case);
        served
            .map(PathBuf::as_path)
            .context("nothing was prepared for the host")
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

/// Returns the wasmtime commands of all hosts. Missing ones are installed.
fn wasmtimes(project: &Project) -> Result<Vec<Wasmtime>> {
    let mut found: Vec<Wasmtime> = Vec::new();
    for host in &HOSTS {
        let Program::Wasmtime(release) = host.program else {
            continue;
        };
        if !found.iter().any(|wasmtime| wasmtime.version.starts_with(release)) {
            found.extend(toolchain::wasmtimes(project, release.parse::<Releases>()?)?);
        }
    }
    Ok(found)
}
