//! The images and the component of a release in registries. Documents and signatures are added by digest, before tags
//! move.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Result, bail, ensure};
use builds::{files, temporary};
use devkit::{cmd, project::Project, ui};
use flags::values::{Artifact, ImageName, Platform};
use image::{
    Digest, Reference,
    calls::{self, Attachment, Kept, Repository},
};
use serde_json::json;
use xshell::cmd;

use super::{
    describe::{Describer, Description},
    metadata::Metadata,
    program::Program,
    provenance::{Builder, Origin},
    request::component_name,
};

/// The media type of SBOMs.
const SBOM: &str = "application/vnd.cyclonedx+json";

/// The images, their index and the component of a release, in registries.
#[derive(Clone, Debug)]
pub struct Published {
    /// The name of the images.
    pub image: ImageName,
    /// The image index.
    pub index: Digest,
    /// The image of each platform.
    pub images: BTreeMap<Platform, Digest>,
    /// The name of the component.
    pub component: ImageName,
    /// The manifest of the component.
    pub manifest: Digest,
}

impl Published {
    /// Returns the parts of the release that `metadata` describes, with the image index that was pushed. It may have
    /// fewer images than the release, if others could not be made.
    ///
    /// # Errors
    /// Fails if the index has images that are not of this release.
    pub(super) fn of(metadata: &Metadata, image: &ImageName, pushed: Kept) -> Result<Self> {
        let Kept { index, images } = pushed;
        let all = &metadata.images.platforms;
        let foreign = images
            .iter()
            .find(|(platform, digest)| all.get(platform) != Some(digest));
        if let Some((platform, digest)) = foreign {
            bail!("the image for {platform} that was pushed, {digest}, is not that of the release");
        }
        let missing: Vec<Platform> = all
            .keys()
            .copied()
            .filter(|platform| !images.contains_key(platform))
            .collect();
        if !missing.is_empty() {
            ui::warn_widely(&format!(
                "PARTIAL: the image index has no image for {}",
                Platform::in_words(&missing)
            ));
        }
        Ok(Self {
            image: image.clone(),
            index,
            images,
            component: component_name(Some(image))?,
            manifest: metadata.component.manifest,
        })
    }

    /// Attaches an SBOM and a provenance to each image, to the index and to the component, which were made from
    /// `commit` at `time`. The index gets the SBOMs of all images.
    ///
    /// # Errors
    /// Fails if one of them is not in the registry, or if the registry cannot be reached or refuses.
    pub fn attest(&self, project: &Project, commit: &str, time: u64) -> Result<()> {
        let describer = Describer::new(project, commit, time)?;
        let source = image::repository(env!("CARGO_PKG_REPOSITORY"));
        let origin = Origin {
            source: &source,
            commit,
            toolchain: describer.toolchain.metadata(),
            builder: Builder::of_environment(),
        };
        let (mut sboms, mut builds) = (Vec::new(), Vec::new());
        for (platform, digest) in &self.images {
            let name = platform.target().file_name();
            let program = Program::Weft(platform.target());
            let Description { build, sbom } = describer.describe(program, name, &digest.hex())?;
            let sbom = attachment(name, sbom);
            let provenance = origin.attachment(&self.image.to_string(), digest, &[&build])?;
            attach(project, &self.image, digest, vec![sbom.clone(), provenance])?;
            sboms.push(sbom);
            builds.push(build);
        }
        let builds: Vec<_> = builds.iter().collect();
        sboms.push(origin.attachment(&self.image.to_string(), &self.index, &builds)?);
        attach(project, &self.image, &self.index, sboms)?;
        let name = Artifact::Component.file_name();
        let program = Program::Wasm(Artifact::Component);
        let Description { build, sbom } = describer.describe(program, name, &self.manifest.hex())?;
        let provenance = origin.attachment(&self.component.to_string(), &self.manifest, &[&build])?;
        let documents = vec![attachment(name, sbom), provenance];
        attach(project, &self.component, &self.manifest, documents)
    }

    /// Signs the images, the index and the component with the private key in the file `key`, so that cosign can verify
    /// them.
    ///
    /// # Errors
    /// Fails if openssl cannot use the key, or if the registry cannot be reached or refuses.
    pub fn sign(&self, project: &Project, key: &Path) -> Result<()> {
        let images = self.images.values().chain([&self.index]);
        let images = images.map(|digest| (&self.image, digest));
        for (image, digest) in images.chain([(&self.component, &self.manifest)]) {
            let payload = payload(image, digest);
            let signature = signature(project, payload.as_bytes(), key)?;
            calls::sign(project, &repository(image), digest, payload, signature)?;
            ui::status("Signed", &Reference::new(image, digest).to_string());
        }
        Ok(())
    }
}

/// Returns the signature of `bytes` by the private key in the file `key`, in Base64.
///
/// # Errors
/// Fails if openssl cannot use the key.
pub(super) fn signature(project: &Project, bytes: &[u8], key: &Path) -> Result<String> {
    let shell = project.shell()?;
    let directory = temporary::directory()?;
    let (text, signature) = (directory.path().join("text"), directory.path().join("signature"));
    files::replace(&text, bytes)?;
    cmd::run_quietly(
        cmd!(shell, "openssl dgst -sha256 -sign {key} -out {signature} {text}"),
        "sign with openssl",
        10,
    )?;
    let encoded = cmd::read(
        cmd!(shell, "openssl base64 -A -in {signature}"),
        "write a signature",
    )?;
    ensure!(!encoded.is_empty(), "openssl wrote no signature");
    Ok(encoded)
}

/// Returns the text that cosign signs for an image.
fn payload(image: &ImageName, digest: &Digest) -> String {
    json!({
        "critical": {
            "identity": { "docker-reference": image.to_string() },
            "image": { "docker-manifest-digest": digest.to_string() },
            "type": "cosign container image signature",
        },
        "optional": null,
    })
    .to_string()
}

fn attachment(name: &str, sbom: String) -> Attachment {
    let title = (
        "org.opencontainers.image.title".to_owned(),
        format!("{name}.cdx.json"),
    );
    Attachment {
        media_type: SBOM.to_owned(),
        text: sbom,
        annotations: [title].into(),
    }
}

fn attach(project: &Project, image: &ImageName, subject: &Digest, documents: Vec<Attachment>) -> Result<()> {
    let count = documents.len();
    calls::attach(project, &repository(image), subject, documents)?;
    ui::status(
        "Attached",
        &format!("{count} documents to {}", Reference::new(image, subject)),
    );
    Ok(())
}

fn repository(image: &ImageName) -> Repository {
    Repository {
        image: image.clone(),
        insecure: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::metadata;

    /// Returns the description of a release with an image for each platform.
    fn metadata() -> Metadata {
        let digest = |platform: Platform| (platform, Digest::of(platform.to_string().as_bytes()));
        Metadata {
            name: "clawft".to_owned(),
            version: "1.2.3".to_owned(),
            source: "https://example.org/app".to_owned(),
            commit: "c0ffee".to_owned(),
            time: 0,
            toolchain: Default::default(),
            files: BTreeMap::new(),
            images: metadata::Images {
                index: Digest::of(b"index"),
                platforms: Platform::ALL.into_iter().map(digest).collect(),
            },
            component: metadata::Component {
                manifest: Digest::of(b"manifest"),
                config: Digest::of(b"config"),
                layer: Digest::of(b"layer"),
            },
        }
    }

    #[test]
    fn accepts_fewer_images_and_no_others() {
        let metadata = metadata();
        let image = "registry.example/app".parse().unwrap();
        let mut pushed = Kept {
            index: Digest::of(b"partial"),
            images: metadata.images.platforms.clone(),
        };
        pushed.images.remove(&Platform::Arm64);
        let published = Published::of(&metadata, &image, pushed.clone()).unwrap();
        assert_eq!(published.index, Digest::of(b"partial"));
        assert_eq!(
            published.images.into_keys().collect::<Vec<_>>(),
            [Platform::Amd64]
        );
        pushed.images.insert(Platform::Arm64, Digest::of(b"another"));
        let error = Published::of(&metadata, &image, pushed).unwrap_err().to_string();
        assert!(error.contains("linux/arm64"), "{error}");
    }

    #[test]
    fn signs_the_text_of_cosign() {
        let image = "registry.example/app".parse().unwrap();
        let text = payload(&image, &Digest::of(b"x"));
        assert_eq!(
            text,
            format!(
                "{{\"critical\":{{\"identity\":{{\"docker-reference\":\"registry.example/app\"}},\"image\":\
                 {{\"docker-manifest-digest\":\"{}\"}},\"type\":\"cosign container image signature\"}},\"optional\":null}}",
                Digest::of(b"x")
            )
        );
    }
}
