//! The artifacts to build, and their files.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use builds::files::{gzip, replace};
use devkit::project::Project;
use flags::{WasmTargets, values::Artifact};

/// Returns the artifacts of the requested targets.
pub(super) fn plan(targets: WasmTargets) -> Vec<Artifact> {
    match targets {
        WasmTargets::Wasip2 => vec![Artifact::Component],
        WasmTargets::Wasip1 => vec![Artifact::Wasip1Module],
        WasmTargets::Serve => vec![Artifact::Served, Artifact::ServedP3],
        WasmTargets::All => Artifact::ALL.to_vec(),
    }
}

/// Writes the artifact and, for the component, its compressed form. Returns the compressed form.
pub(super) fn write(dist: &Path, artifact: Artifact, bytes: &[u8]) -> Result<Vec<u8>> {
    let path = dist.join(artifact.file_name());
    let compressed = gzip(bytes).context("could not compress")?;
    replace(&path, bytes)?;
    if artifact == Artifact::Component {
        replace(&path.with_extension("wasm.gz"), &compressed)?;
    }
    Ok(compressed)
}

/// Writes the artifact with the names of its functions, for `cargo xtask size`.
pub(super) fn write_named(project: &Project, artifact: Artifact, bytes: &[u8]) -> Result<()> {
    let path = super::named(project, artifact.file_name());
    let directory = path.parent().context("the path has no directory")?;
    fs::create_dir_all(directory)
        .with_context(|| format!("could not make the directory `{}`", directory.display()))?;
    replace(&path, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_compressed_component_too() {
        let dist = tempfile::tempdir().unwrap();
        let compressed = write(dist.path(), Artifact::Component, b"\0asm").unwrap();
        assert_eq!(fs::read(dist.path().join("clawft.wasm")).unwrap(), b"\0asm");
        assert_eq!(fs::read(dist.path().join("clawft.wasm.gz")).unwrap(), compressed);
    }
}
