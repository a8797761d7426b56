//! Documents of the OCI image specification. The types are those of `oci-spec`; this module makes and writes
//! them.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, Error, Result};
use flags::values::{Platform, Tag};
use image::Digest;
use oci_spec::image::{
    ANNOTATION_REF_NAME, Arch, Descriptor, ImageIndex, ImageIndexBuilder, ImageManifest,
    ImageManifestBuilder, MediaType, Os, PlatformBuilder, SCHEMA_VERSION,
};
use serde::Serialize;

/// Labels or annotations.
pub(crate) type Labels = BTreeMap<String, String>;

/// Returns the descriptor of `bytes`.
pub(crate) fn descriptor(media_type: MediaType, bytes: &[u8]) -> Result<Descriptor> {
    let digest: oci_spec::image::Digest = Digest::of(bytes).to_string().parse()?;
    Ok(Descriptor::new(media_type, bytes.len() as u64, digest))
}

/// Returns the digest in a descriptor.
///
/// # Errors
/// Fails if its algorithm is not SHA-256.
pub(crate) fn digest(descriptor: &Descriptor) -> Result<Digest> {
    descriptor.digest().to_string().parse().map_err(Error::msg)
}

/// Returns `image` as an entry of an index, for its platform.
pub(crate) fn on(image: Descriptor, platform: Platform) -> Result<Descriptor> {
    let architecture = Arch::from(platform.architecture());
    let platform = PlatformBuilder::default()
        .os(Os::Linux)
        .architecture(architecture)
        .build()?;
    let mut image = image;
    image.set_platform(Some(platform)).set_annotations(None);
    Ok(image)
}

/// Returns `image` as an entry of a layout's index, under its tag.
pub(crate) fn tagged(image: &Descriptor, tag: &Tag) -> Descriptor {
    let mut image = image.clone();
    image.set_annotations(Some([(ANNOTATION_REF_NAME.to_owned(), tag.to_string())].into()));
    image
}

/// Returns an index of these images.
pub(crate) fn index(images: Vec<Descriptor>, annotations: &Labels) -> Result<ImageIndex> {
    let index = ImageIndexBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageIndex)
        .manifests(images);
    let index = if annotations.is_empty() {
        index
    } else {
        index.annotations(unordered(annotations))
    };
    index.build().context("could not make an image index")
}

/// Returns the manifest of an image.
pub(crate) fn manifest(
    config: Descriptor,
    layers: Vec<Descriptor>,
    annotations: &Labels,
) -> Result<ImageManifest> {
    let manifest = ImageManifestBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageManifest)
        .config(config)
        .layers(layers);
    let manifest = if annotations.is_empty() {
        manifest
    } else {
        manifest.annotations(unordered(annotations))
    };
    manifest.build().context("could not make a manifest")
}

/// Returns labels in the type of `oci-spec`.
pub(crate) fn unordered(labels: &Labels) -> HashMap<String, String> {
    labels.clone().into_iter().collect()
}

/// Writes a document with its keys in order: equal documents are equal bytes, though `oci-spec` has maps
/// without an order.
pub(crate) fn to_bytes(document: &impl Serialize) -> Result<Vec<u8>> {
    let sorted = serde_json::to_value(document).context("could not write a document as JSON")?;
    serde_json::to_vec(&sorted).context("could not write a document as JSON")
}
