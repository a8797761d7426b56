//! What ships, under which name, and how big it is.

use std::{fs, io::Write as _, path::Path};

use anyhow::{Context as _, Result};
use flate2::{Compression, GzBuilder};

use crate::{budget::Measured, cli::WasmTargets};

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

    /// The file names of all artifacts.
    pub(crate) fn names() -> Vec<&'static str> {
        Self::plan(WasmTargets::All).into_iter().map(Self::file_name).collect()
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

/// Writes the artifact, and the component's compressed form beside it, and measures both.
pub(super) fn write(dist: &Path, artifact: Artifact, bytes: &[u8]) -> Result<Measured> {
    let path = dist.join(artifact.file_name());
    let compressed = gzip(bytes).context("could not compress")?;
    replace(&path, bytes)?;
    if artifact == Artifact::Component {
        replace(&path.with_extension("wasm.gz"), &compressed)?;
    }
    Ok(Measured { raw: bytes.len(), gzip: compressed.len() })
}

/// `bytes` as `gzip -9 --no-name` would have them: no name and no time, so that equal input gives equal output.
fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Puts `bytes` at `path` in one move: whoever reads sees the old file or the new one.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> Result<()> {
        let folder = path.parent().context("the path has no folder")?;
        let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        // Temporary files are private; what ships is for everyone to read.
        #[cfg(unix)]
        fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("could not write `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn gzip_gives_back_what_it_took_and_is_the_same_every_time() {
        let bytes = b"component ".repeat(1000);
        let compressed = gzip(&bytes).unwrap();
        assert_eq!(compressed, gzip(&bytes).unwrap());
        let mut back = Vec::new();
        flate2::read::GzDecoder::new(&compressed[..]).read_to_end(&mut back).unwrap();
        assert_eq!(back, bytes);
    }

    #[test]
    fn the_component_ships_compressed_too() {
        let dist = tempfile::tempdir().unwrap();
        let measured = write(dist.path(), Artifact::Component, b"\0asm").unwrap();
        assert_eq!(measured.raw, 4);
        let compressed = fs::metadata(dist.path().join("clawft.wasm.gz")).unwrap().len();
        assert_eq!(compressed, measured.gzip as u64);
    }
}
