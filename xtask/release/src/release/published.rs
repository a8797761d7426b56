//! The images and the component of a release in registries. Documents and signatures are added by digest, before tags
//! move.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Result, ensure};
use devkit::{cmd, files, project::Project, ui};
use flags::values::{Artifact, ImageName, Platform};
use image::{
    Digest, Reference,
    calls::{self, Attachment, Repository},
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
    /// Returns the parts of the release that `metadata` describes.
    pub(super) fn of(metadata: &Metadata, image: &ImageName) -> Result<Self> {
        Ok(Self {
            image: image.clone(),
            index: metadata.images.index,
            images: metadata.images.platforms.clone(),
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
        let origin = Origin {
            source: env!("CARGO_PKG_REPOSITORY"),
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
    let directory = tempfile::tempdir()?;
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
