//! What is made, and where it is put.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use devkit::{
    files::{gzip, replace},
    project::Project,
};
use flags::{WasmTargets, values::Artifact};

/// Returns what is to be made for the targets asked for.
pub(super) fn plan(targets: WasmTargets) -> Vec<Artifact> {
    match targets {
        WasmTargets::Wasip2 => vec![Artifact::Component],
        WasmTargets::Wasip1 => vec![Artifact::Wasip1Module],
        WasmTargets::All => Artifact::ALL.to_vec(),
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
