//! What an image weighs, and whether there is a key in it.

use std::io::Read as _;

use anyhow::{Context as _, Result};
use devkit::{budget::Measured, secrets};
use flate2::read::GzDecoder;

use super::{
    layout::Layout,
    oci::{Descriptor, Manifest},
};

/// The size of an image: as it is transferred, which is all its pieces with their layers compressed, and with them unpacked.
///
/// # Errors
/// There is a key in it; or a piece is missing or damaged.
pub(super) fn measure(layout: &Layout, image: &Descriptor) -> Result<Measured> {
    let manifest: Manifest = layout.json(&image.digest)?;
    let config = layout.get(&manifest.config.digest)?;
    secrets::scan(&config).context("the image's configuration must not ship")?;
    let documents = config.len() + layout.get(&image.digest)?.len();
    let mut measured = Measured { raw: documents, gzip: documents };
    for layer in &manifest.layers {
        let compressed = layout.get(&layer.digest)?;
        let mut files = Vec::new();
        GzDecoder::new(&compressed[..]).read_to_end(&mut files).context("could not unpack a layer")?;
        secrets::scan(&files).context("a layer of the image must not ship")?;
        measured.raw += files.len();
        measured.gzip += compressed.len();
    }
    Ok(measured)
}
