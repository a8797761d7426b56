//! Measures an image, and searches it for keys.

use std::io::Read as _;

use anyhow::{Context as _, Result};
use builds::{budget::Measured, secrets};
use flate2::read::GzDecoder;
use oci_spec::image::{Descriptor, ImageManifest};

use crate::{document, layout::Layout};

/// Returns the size of an image: all blobs with their layers compressed, as they are transferred, and with
/// the layers unpacked.
///
/// # Errors
/// Fails if it holds a key, or if a blob is missing or damaged.
pub(crate) fn measure(layout: &Layout, image: &Descriptor) -> Result<Measured> {
    let digest = document::digest(image)?;
    let manifest: ImageManifest = layout.json(&digest)?;
    let config = layout.get(&document::digest(manifest.config())?)?;
    secrets::scan(&config).context("the image's configuration must not ship")?;
    let documents = config.len() + layout.get(&digest)?.len();
    let mut measured = Measured {
        raw: documents,
        gzip: documents,
    };
    for layer in manifest.layers() {
        let compressed = layout.get(&document::digest(layer)?)?;
        let mut files = Vec::new();
        GzDecoder::new(&compressed[..])
            .read_to_end(&mut files)
            .context("could not unpack a layer")?;
        secrets::scan(&files).context("a layer of the image must not ship")?;
        measured.raw += files.len();
        measured.gzip += compressed.len();
    }
    Ok(measured)
}
