//! What ships, and under which name.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use devkit::{
    files::{gzip, replace},
    project::Project,
};

use crate::cli::WasmTargets;

/// A file that `cargo xtask wasm` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Artifact {
    /// The component for WASI preview 2.
    Component,
    /// The core module for WASI preview 1.
    Wasip1Module,
}

impl Artifact {
    /// What is to be made for the targets asked for.
    pub(crate) fn plan(targets: WasmTargets) -> Vec<Self> {
        match targets {
            WasmTargets::Wasip2 => vec![Self::Component],
            WasmTargets::Wasip1 => vec![Self::Wasip1Module],
            WasmTargets::All => vec![Self::Component, Self::Wasip1Module],
        }
    }

    /// Its name in `target/dist` and in the budget file.
    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::Component => "clawft.wasm",
            Self::Wasip1Module => "clawft-wasip1.wasm",
        }
    }

    /// The Rust target it is built for.
    pub(crate) fn target(self) -> &'static str {
        match self {
            Self::Component => "wasm32-wasip2",
            Self::Wasip1Module => "wasm32-wasip1",
        }
    }
}

/// Writes the artifact, and the component's compressed form beside it. Returns that form.
pub(super) fn write(dist: &Path, artifact: Artifact, bytes: &[u8]) -> Result<Vec<u8>> {
    let path = dist.join(artifact.file_name());
    let compressed = gzip(bytes).context("could not compress")?;
    replace(&path, bytes)?;
    if artifact == Artifact::Component {
        replace(&path.with_extension("wasm.gz"), &compressed)?;
    }
    Ok(compressed)
}

/// Keeps the artifact as it is with the names of its functions, for whoever asks what is in it.
pub(super) fn write_named(project: &Project, artifact: Artifact, bytes: &[u8]) -> Result<()> {
    let path = super::named(project, artifact.file_name());
    let folder = path.parent().context("the path has no folder")?;
    fs::create_dir_all(folder)
        .with_context(|| format!("could not make the folder `{}`", folder.display()))?;
    replace(&path, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_component_ships_compressed_too() {
        let dist = tempfile::tempdir().unwrap();
        let compressed = write(dist.path(), Artifact::Component, b"\0asm").unwrap();
        assert_eq!(fs::read(dist.path().join("clawft.wasm")).unwrap(), b"\0asm");
        assert_eq!(fs::read(dist.path().join("clawft.wasm.gz")).unwrap(), compressed);
    }
}
