//! A list of images under its tags, and what is under a tag.

use anyhow::{Context as _, Result, ensure};
use oci_client::RegistryOperation;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{layout::Layout, registry::Registry};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    media_type: String,
}

/// Pushes the list under its digest, which fails if an image in it is not there; then sets the tags in their order, and reads
/// each back.
pub(crate) async fn tag(registry: &Registry, layout: &Layout, tags: &[String]) -> Result<Value> {
    let digest = registry.digest()?;
    let bytes = layout.get(digest)?;
    let list: Document = serde_json::from_slice(&bytes).context("the list is no document of OCI's")?;
    registry.authorize(RegistryOperation::Push).await?;
    registry.set(None, &list.media_type, &bytes).await?;
    for tag in tags {
        registry.set(Some(tag), &list.media_type, &bytes).await?;
        let (_, found) = registry.manifest(Some(tag)).await?;
        ensure!(
            found == digest,
            "under `{tag}` is {found} right after it was set to {digest}: who else sets it?"
        );
    }
    Ok(json!({ "tags": tags }))
}

/// What is under the tag: a list of images, or one image's manifest.
pub(crate) async fn resolve(registry: &Registry, tag: &str) -> Result<Value> {
    registry.authorize(RegistryOperation::Pull).await?;
    let (bytes, digest) = registry.manifest(Some(tag)).await?;
    let manifest: Value =
        serde_json::from_slice(&bytes).with_context(|| format!("what is under `{tag}` is not JSON"))?;
    Ok(json!({ "digest": digest, "manifest": manifest }))
}

/// The digest of what is under the tag, or null. Asked for the right to push: where that is refused it is known before anything
/// is built.
pub(crate) async fn find(registry: &Registry, tag: &str) -> Result<Value> {
    registry.authorize(RegistryOperation::Push).await?;
    let found = registry.find(tag).await?;
    Ok(json!({ "digest": found }))
}
