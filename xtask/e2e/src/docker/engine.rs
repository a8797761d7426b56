//! The engine and the registries that cases use. `ci/docker-engine` starts them, because starting an engine needs
//! root.

use std::env;

use anyhow::{Context as _, Result};
use devkit::cmd;
use xshell::{Shell, cmd};

/// Advice if one of them is missing.
const HOW: &str = "`eval \"$(ci/docker-engine start)\"` starts an engine and registries, \
                   and `ci/docker-engine stop` ends them";

/// A running engine, and registries for it.
#[derive(Debug)]
pub(super) struct Engine {
    /// Version of the engine.
    pub(super) version: String,
    /// Address of a registry on loopback that allows all writes.
    pub(super) registry: String,
    /// Address of a registry that requires the user of `ci/docker-engine`.
    pub(super) locked: String,
}

impl Engine {
    /// Finds the engine and the registries in the environment.
    pub(super) fn find(shell: &Shell) -> Result<Self> {
        let address = |name: &str| env::var(name).with_context(|| format!("{name} names no registry: {HOW}"));
        let template = "{{.Server.Version}}";
        let asked = cmd!(shell, "docker version --format {template}");
        let version = cmd::output(asked, "ask docker")
            .ok()
            .filter(|output| output.status.success());
        let version = version.with_context(|| format!("no Docker engine answers: {HOW}"))?;
        Ok(Self {
            version: String::from_utf8_lossy(&version.stdout).trim().to_owned(),
            registry: address("CLAWFT_TEST_REGISTRY")?,
            locked: address("CLAWFT_TEST_LOCKED_REGISTRY")?,
        })
    }
}
