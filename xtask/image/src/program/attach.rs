//! Documents and signatures of an image, an image index or a component, in its repository.
//!
//! ```text
//! document ─→ blob ─→ manifest with the subject ─┬→ the registry lists it (referrers API)
//!                                                └→ index under the tag sha256-…, for registries without the API
//! ```
//!
//! A signature is a manifest of its own, in the form of cosign, under the tag `sha256-….sig`.

use std::collections::HashMap;

use anyhow::{Context as _, Error, Result};
use flags::values::Tag;
use image::{Digest, calls::Attachment};
use oci_spec::image::{Descriptor, ImageManifest, ImageManifestBuilder, MediaType, SCHEMA_VERSION};
use serde_json::json;

use crate::{
    document::{self, Labels},
    registry::{ATTACHED, Blob, Registry},
};

/// The content of a configuration without content.
const EMPTY: &[u8] = b"{}";

/// The media type of the text that cosign signs.
const SIGNED: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// The annotation with the signature.
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

/// Attaches documents to `subject`, and returns the digests of their manifests.
///
/// # Errors
/// Fails if the subject is not in the registry, or if the registry cannot be reached or refuses.
pub(crate) fn attach(
    registry: &Registry<'_>,
    subject: &Digest,
    attachments: &[Attachment],
) -> Result<Vec<Digest>> {
    let about = registry.describe(subject)?;
    let mut referrers = Vec::new();
    let mut is_listed = true;
    for attachment in attachments {
        let Attachment {
            media_type,
            text,
            annotations,
        } = attachment;
        let kind = MediaType::from(media_type.as_str());
        let config = Blob::new(MediaType::EmptyJSON, EMPTY.to_vec())?;
        let layer = Blob::new(kind.clone(), text.clone().into_bytes())?;
        let annotations: HashMap<String, String> = annotations.clone().into_iter().collect();
        let manifest = ImageManifestBuilder::default()
            .schema_version(SCHEMA_VERSION)
            .media_type(MediaType::ImageManifest)
            .artifact_type(kind.clone())
            .config(config.descriptor.clone())
            .layers(vec![layer.descriptor.clone()])
            .subject(about.clone())
            .annotations(annotations.clone())
            .build()
            .context("could not make a manifest")?;
        let manifest = Blob::new(MediaType::ImageManifest, document::to_bytes(&manifest)?)?;
        is_listed &= registry.put(&[config, layer], &manifest, None)?;
        let mut referrer = manifest.descriptor;
        referrer.set_artifact_type(Some(kind));
        referrer.set_annotations(Some(annotations));
        referrers.push(referrer);
    }
    if !is_listed {
        list(registry, subject, &referrers)?;
    }
    referrers.iter().map(document::digest).collect()
}

/// Adds `referrers` to the index under the tag of `subject`.
fn list(registry: &Registry<'_>, subject: &Digest, referrers: &[Descriptor]) -> Result<()> {
    let tag = tag(subject, "")?;
    let mut all: Vec<Descriptor> = registry.index(&tag)?.unwrap_or_default();
    let before = all.len();
    for referrer in referrers {
        if !all.iter().any(|known| known.digest() == referrer.digest()) {
            all.push(referrer.clone());
        }
    }
    if all.len() == before {
        return Ok(());
    }
    let index = document::to_bytes(&document::index(all, &Labels::new())?)?;
    let index = Blob::new(MediaType::ImageIndex, index)?;
    registry.put(&[], &index, Some(&tag)).map(drop)
}

/// Stores the `signature` of `payload`, a text about `subject`, and returns the digest of its manifest.
///
/// # Errors
/// Fails if the registry cannot be reached or refuses.
pub(crate) fn sign(
    registry: &Registry<'_>,
    subject: &Digest,
    payload: &str,
    signature: &str,
) -> Result<Digest> {
    let mut layer = Blob::new(MediaType::from(SIGNED), payload.as_bytes().to_vec())?;
    let content = document::digest(&layer.descriptor)?;
    // cosign expects the configuration of an image, whose layers are the signed texts.
    let config = json!({
        "architecture": "", "config": {}, "created": "0001-01-01T00:00:00Z", "history": [],
        "os": "", "rootfs": { "type": "layers", "diff_ids": [content.to_string()] },
    });
    let config = Blob::new(MediaType::ImageConfig, document::to_bytes(&config)?)?;
    let annotations = HashMap::from([(SIGNATURE.to_owned(), signature.to_owned())]);
    layer.descriptor.set_annotations(Some(annotations));
    let manifest: ImageManifest = document::manifest(
        config.descriptor.clone(),
        vec![layer.descriptor.clone()],
        &Labels::new(),
    )?;
    let manifest = Blob::new(MediaType::ImageManifest, document::to_bytes(&manifest)?)?;
    registry.put(&[config, layer], &manifest, Some(&tag(subject, ".sig")?))?;
    document::digest(&manifest.descriptor)
}

/// Returns the tag that stands for `subject` in registries without the referrers API.
fn tag(subject: &Digest, suffix: &str) -> Result<Tag> {
    format!("{ATTACHED}{}{suffix}", subject.hex())
        .parse()
        .map_err(Error::msg)
}
