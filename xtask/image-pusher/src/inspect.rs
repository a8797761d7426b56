//! What an image in a registry is.

use anyhow::{Context as _, Result};
use oci_client::RegistryOperation;
use serde_json::{Value, json};

use crate::registry::Registry;

/// The image's media type and size as a list has them, and its configuration, which says what it runs on and was made from.
pub(crate) async fn inspect(registry: &Registry) -> Result<Value> {
    registry.authorize(RegistryOperation::Pull).await?;
    let (bytes, digest) = registry.manifest(None).await?;
    let manifest: Value = serde_json::from_slice(&bytes).context("the manifest is not JSON")?;
    let config = manifest["config"]["digest"].as_str();
    let config = config.with_context(|| format!("`{digest}` is no image but, say, a list of some"))?;
    let config: Value = serde_json::from_slice(&registry.piece(config).await?)
        .context("the image's configuration is not JSON")?;
    let media_type = manifest["mediaType"].as_str().context("the manifest does not say what it is")?;
    Ok(json!({ "mediaType": media_type, "digest": digest, "size": bytes.len(), "config": config }))
}
