//! A repository in a registry: what is pushed to it, and what is asked of it. [`connection`] speaks the protocol over
//! a [`session`], which answers [`challenge`]s; [`transport`] is HTTP, [`tls`] the trust in certificates,
//! [`credentials`] the login, [`retry`] repeats requests, and [`failure`] explains errors.
//!
//! All content is verified: a blob is sent only if it matches its digest, received content is compared with
//! its digest, and a tag is read back after it was set.

mod challenge;
mod connection;
mod credentials;
mod failure;
mod message;
mod retry;
mod session;
mod tls;
mod transport;

use std::{cell::OnceCell, path::PathBuf};

use anyhow::{Context as _, Error, Result, bail, ensure};
use flags::values::{ImageName, Tag};
use image::{Digest, Reference};
use oci_spec::image::{
    ANNOTATION_REVISION, Descriptor, ImageConfiguration, ImageIndex, ImageManifest, MediaType,
};
use serde::{Deserialize, de::IgnoredAny};

pub(crate) use self::{connection::ATTACHED, credentials::Login};
use self::{
    connection::{Connection, Explained},
    session::Right,
};
use crate::{
    document::{self, Labels},
    layout::Layout,
};

/// A repository in a registry.
pub(crate) struct Registry<'i> {
    image: &'i ImageName,
    access: Access,
    connection: OnceCell<Connection>,
}

/// Options for the access to a registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Access {
    /// Whether plain HTTP is used for any host.
    pub(crate) insecure: bool,
    /// A file with certificates of authorities.
    pub(crate) ca_file: Option<PathBuf>,
    /// Whether any certificate is accepted.
    pub(crate) skip_verify: bool,
    /// The login, if it was given on the command line.
    pub(crate) login: Option<Login>,
}

impl Access {
    /// Returns the defaults, with plain HTTP if `insecure` is set.
    pub(crate) fn plain(insecure: bool) -> Self {
        Self {
            insecure,
            ..Self::default()
        }
    }
}

/// The blobs of a pushed image.
#[derive(Debug, Default)]
pub(crate) struct Pushed {
    /// The number of blobs that were sent.
    pub(crate) sent: usize,
    /// The number of blobs that the registry already had.
    pub(crate) present: usize,
}

/// An image in the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inspected {
    /// The image.
    pub(crate) descriptor: Descriptor,
    /// The platform that it runs on, such as `linux/arm64`.
    pub(crate) platform: String,
    /// The labels.
    pub(crate) labels: Labels,
}

impl Inspected {
    /// Returns the revision in its labels.
    pub(crate) fn revision(&self) -> &str {
        self.labels
            .get(ANNOTATION_REVISION)
            .map_or("unknown", String::as_str)
    }

    fn new(descriptor: Descriptor, config: &ImageConfiguration) -> Self {
        let labels = config
            .config()
            .as_ref()
            .and_then(|config| config.labels().clone())
            .unwrap_or_default();
        Self {
            descriptor,
            platform: format!("{}/{}", config.os(), config.architecture()),
            labels: labels.into_iter().collect(),
        }
    }
}

/// The bytes of a blob or a manifest, with their descriptor.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    /// The descriptor.
    pub(crate) descriptor: Descriptor,
    bytes: Vec<u8>,
}

impl Blob {
    /// Returns `bytes` with their descriptor.
    pub(crate) fn new(media_type: MediaType, bytes: Vec<u8>) -> Result<Self> {
        Ok(Self {
            descriptor: document::descriptor(media_type, &bytes)?,
            bytes,
        })
    }
}

impl<'i> Registry<'i> {
    /// Returns the repository of `image`. Sends nothing yet.
    pub(crate) fn new(image: &'i ImageName, access: Access) -> Self {
        Self {
            image,
            access,
            connection: OnceCell::new(),
        }
    }

    /// Checks that pushes are allowed.
    pub(crate) fn ensure_push(&self) -> Result<()> {
        let ensure = || self.connection()?.ensure_push();
        ensure().with_context(|| format!("could not get the right to push to {}", self.image))
    }

    /// Pushes the image with this digest and its blobs from `layout`, under the digest alone. Blobs that the
    /// registry has are not sent again, so an interrupted push continues; the manifest, which lists all of
    /// them, comes last.
    pub(crate) fn push(&self, layout: &Layout, digest: &Digest) -> Result<Pushed> {
        let push = || -> Result<Pushed> {
            let bytes = layout.get(digest)?;
            let manifest: ImageManifest =
                serde_json::from_slice(&bytes).context("the image is no manifest")?;
            let connection = self.connection()?;
            let mut pushed = Pushed::default();
            let mut present = Vec::new();
            for blob in manifest.layers().iter().chain([manifest.config()]) {
                let blob = document::digest(blob)?;
                if connection.has(&blob, Right::Push)? {
                    present.push(blob);
                } else {
                    connection.send(&blob, layout.get(&blob)?)?;
                    pushed.sent += 1;
                }
            }
            let config = manifest.config().media_type();
            let media_type = media_type(&bytes)?;
            let set = || connection.set(&digest.to_string(), &media_type, Some(config.clone()), &bytes);
            match set() {
                // Caches of registries name blobs that were deleted.
                Err(error) if !present.is_empty() && lacks_blob(&error) => {
                    for blob in present.drain(..) {
                        connection.send(&blob, layout.get(&blob)?)?;
                        pushed.sent += 1;
                    }
                    set()?;
                }
                settled => drop(settled?),
            }
            pushed.present = present.len();
            Ok(pushed)
        };
        push().with_context(|| format!("could not push {}", Reference::new(self.image, digest)))
    }

    /// Returns the image with this digest.
    pub(crate) fn inspect(&self, digest: &Digest) -> Result<Inspected> {
        let inspect = || -> Result<Inspected> {
            let connection = self.connection()?;
            let (bytes, found) = connection.manifest(&digest.to_string())?;
            ensure!(
                found == *digest,
                "it is something else in the registry: `{found}`"
            );
            let manifest: ImageManifest = serde_json::from_slice(&bytes)
                .with_context(|| format!("`{digest}` is not an image manifest"))?;
            let config = connection.blob(&document::digest(manifest.config())?)?;
            let config: ImageConfiguration =
                serde_json::from_slice(&config).context("could not understand the image's configuration")?;
            let descriptor = document::descriptor(media_type(&bytes)?, &bytes)?;
            Ok(Inspected::new(descriptor, &config))
        };
        inspect().with_context(|| format!("could not look at {}", Reference::new(self.image, digest)))
    }

    /// Pushes the index with this digest, which fails if an image in it is missing; then sets the tags in their
    /// order, and reads each back. A manifest can be tagged in the same way.
    pub(crate) fn tag(&self, layout: &Layout, digest: &Digest, tags: &[Tag]) -> Result<()> {
        let tag = || -> Result<()> {
            let bytes = layout.get(digest)?;
            let media_type = media_type(&bytes)?;
            let connection = self.connection()?;
            connection.set(&digest.to_string(), &media_type, None, &bytes)?;
            for tag in tags {
                let tag = tag.to_string();
                set_tag(connection, &tag, digest, &media_type, &bytes)?;
                let found = connection.read_back(&tag, digest)?;
                ensure!(
                    found == *digest,
                    "under `{tag}` is {found} right after it was set to {digest}: who else sets it?"
                );
            }
            Ok(())
        };
        tag().with_context(|| format!("could not tag {}", Reference::new(self.image, digest)))
    }

    /// Returns the descriptor of the manifest or index with this digest in the registry.
    pub(crate) fn describe(&self, digest: &Digest) -> Result<Descriptor> {
        let describe = || -> Result<Descriptor> {
            let (bytes, found) = self.connection()?.manifest(&digest.to_string())?;
            ensure!(
                found == *digest,
                "it is something else in the registry: `{found}`"
            );
            document::descriptor(media_type(&bytes)?, &bytes)
        };
        describe().with_context(|| format!("could not look at {}", Reference::new(self.image, digest)))
    }

    /// Returns the entries of the index under `tag`, if the registry has it.
    pub(crate) fn index(&self, tag: &Tag) -> Result<Option<Vec<Descriptor>>> {
        let Some(digest) = self.find(tag)? else {
            return Ok(None);
        };
        let get = || -> Result<Vec<Descriptor>> {
            let (bytes, _) = self.connection()?.manifest(&digest.to_string())?;
            let index: ImageIndex = serde_json::from_slice(&bytes)
                .with_context(|| format!("`{tag}` stands for no image index"))?;
            Ok(index.manifests().clone())
        };
        get()
            .map(Some)
            .with_context(|| format!("could not read {}:{tag}", self.image))
    }

    /// Puts `manifest` with its `blobs` into the registry, by its digest and under `tag`. Blobs that the registry
    /// has are not sent. Returns whether the registry lists the manifest as a referrer of its subject.
    pub(crate) fn put(&self, blobs: &[Blob], manifest: &Blob, tag: Option<&Tag>) -> Result<bool> {
        let put = || -> Result<bool> {
            let connection = self.connection()?;
            let send = |all: bool| -> Result<()> {
                for blob in blobs {
                    let digest = document::digest(&blob.descriptor)?;
                    if all || !connection.has(&digest, Right::Push)? {
                        connection.send(&digest, blob.bytes.clone())?;
                    }
                }
                Ok(())
            };
            send(false)?;
            let digest = document::digest(&manifest.descriptor)?;
            let kind = manifest.descriptor.media_type();
            let bytes = &manifest.bytes;
            let set = || connection.set(&digest.to_string(), kind, config(bytes), bytes);
            let is_listed = match set() {
                // As in `push`.
                Err(error) if lacks_blob(&error) => {
                    send(true)?;
                    set()?
                }
                settled => settled?,
            };
            if let Some(tag) = tag {
                set_tag(connection, &tag.to_string(), &digest, kind, bytes)?;
            }
            Ok(is_listed)
        };
        put().with_context(|| format!("could not push to {}", self.image))
    }

    /// Returns the index that `tag` points to, and its digest.
    pub(crate) fn resolve(&self, tag: &Tag) -> Result<(Digest, ImageIndex)> {
        let resolve = || -> Result<(Digest, ImageIndex)> {
            let (bytes, digest) = self.connection()?.manifest(&tag.to_string())?;
            let index = serde_json::from_slice(&bytes)
                .with_context(|| format!("`{tag}` stands for no image index"))?;
            Ok((digest, index))
        };
        resolve().with_context(|| format!("could not resolve {}:{tag}", self.image))
    }

    /// Returns the digest that `tag` points to, if the registry has it. Requests permission to push, so that
    /// a refusal is known before anything is built.
    pub(crate) fn find(&self, tag: &Tag) -> Result<Option<Digest>> {
        let find = || self.connection()?.find(&tag.to_string());
        find().with_context(|| format!("could not ask for {}:{tag}", self.image))
    }

    fn connection(&self) -> Result<&Connection> {
        if let Some(connection) = self.connection.get() {
            return Ok(connection);
        }
        let connection = Connection::new(self.image, &self.access)?;
        Ok(self.connection.get_or_init(|| connection))
    }
}

/// Sets `tag` to the manifest with this digest. A tag that cannot be set is fine if it stands for the digest already.
fn set_tag(
    connection: &Connection,
    tag: &str,
    digest: &Digest,
    media_type: &MediaType,
    manifest: &[u8],
) -> Result<()> {
    let Err(error) = connection.set(tag, media_type, None, manifest) else {
        return Ok(());
    };
    match connection.manifest(tag) {
        Ok((_, found)) if found == *digest => Ok(()),
        _ => Err(error),
    }
}

/// Returns the media type of a manifest's configuration; `None` for an index, which has none.
fn config(manifest: &[u8]) -> Option<MediaType> {
    let manifest: ImageManifest = serde_json::from_slice(manifest).ok()?;
    Some(manifest.config().media_type().clone())
}

/// Returns whether a manifest was refused for a blob that the registry does not have.
fn lacks_blob(error: &Error) -> bool {
    error
        .downcast_ref::<Explained>()
        .is_some_and(|explained| explained.lacks_blob)
}

/// Returns the media type of a manifest or an index: the one that it states, else the one that its members show.
fn media_type(document: &[u8]) -> Result<MediaType> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Document {
        media_type: Option<MediaType>,
        manifests: Option<IgnoredAny>,
        config: Option<IgnoredAny>,
    }
    let document: Document =
        serde_json::from_slice(document).context("it is neither a manifest nor an index")?;
    match document {
        Document {
            media_type: Some(media_type),
            ..
        } => Ok(media_type),
        Document {
            manifests: Some(_), ..
        } => Ok(MediaType::ImageIndex),
        Document { config: Some(_), .. } => Ok(MediaType::ImageManifest),
        _ => bail!("it is neither a manifest nor an index"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn inspected(config: serde_json::Value) -> Inspected {
        let config = serde_json::from_value(config).unwrap();
        Inspected::new(
            document::descriptor(MediaType::ImageManifest, b"x").unwrap(),
            &config,
        )
    }

    #[test]
    fn media_type_is_optional() {
        let of = |document: serde_json::Value| media_type(document.to_string().as_bytes()).ok();
        assert_eq!(
            of(json!({ "mediaType": "a/b", "config": {} })),
            Some("a/b".into())
        );
        assert_eq!(
            of(json!({ "config": {}, "layers": [] })),
            Some(MediaType::ImageManifest)
        );
        assert_eq!(
            of(json!({ "mediaType": null, "manifests": [] })),
            Some(MediaType::ImageIndex)
        );
        assert_eq!(of(json!({ "schemaVersion": 1 })), None);
        assert_eq!(of(json!(["config"])), None);
    }

    #[test]
    fn reads_platform_and_revision_of_an_image() {
        let image = inspected(json!({ "os": "linux", "architecture": "arm64",
            "config": { "Labels": { "org.opencontainers.image.revision": "c0ffee" }, "Healthcheck": {} },
            "rootfs": { "type": "layers", "diff_ids": [] } }));
        assert_eq!(
            (image.platform.as_str(), image.revision()),
            ("linux/arm64", "c0ffee")
        );
    }

    #[test]
    fn image_without_labels_has_no_known_revision() {
        let image = inspected(
            json!({ "os": "linux", "architecture": "s390x", "config": { "Labels": null },
            "rootfs": { "type": "layers", "diff_ids": [] } }),
        );
        assert_eq!(
            (image.platform.as_str(), image.revision()),
            ("linux/s390x", "unknown")
        );
    }
}
