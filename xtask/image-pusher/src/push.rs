//! An image with its pieces, under its digest alone: nobody sees it who does not know that digest.

use anyhow::{Context as _, Result};
use oci_client::RegistryOperation;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{layout::Layout, registry::Registry};

/// As much of a manifest as there is to send.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    media_type: String,
    config: Piece,
    layers: Vec<Piece>,
}

#[derive(Deserialize)]
struct Piece {
    digest: String,
}

/// Pushes the image. What the registry has already is not sent again, so a push that broke off goes on where it was; the
/// manifest, which names all pieces, comes last.
pub(crate) async fn push(registry: &Registry, layout: &Layout) -> Result<Value> {
    let bytes = layout.get(registry.digest()?)?;
    let manifest: Manifest = serde_json::from_slice(&bytes).context("the image is no manifest")?;
    registry.authorize(RegistryOperation::Push).await?;
    let (mut sent, mut present) = (Vec::new(), Vec::new());
    for Piece { digest } in manifest.layers.into_iter().chain([manifest.config]) {
        if registry.has(&digest).await? {
            present.push(digest);
        } else {
            registry.send(&digest, layout.get(&digest)?).await?;
            sent.push(digest);
        }
    }
    registry.set(None, &manifest.media_type, &bytes).await?;
    Ok(json!({ "sent": sent, "present": present }))
}
