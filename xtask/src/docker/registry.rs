//! The registry, by way of the program `image-pusher`: an HTTP client with TLS is too much to compile for everyone who types
//! `cargo xtask`.

use std::{path::PathBuf, sync::OnceLock};

use anyhow::{Context as _, Result, anyhow, bail};
use devkit::{cargo::OnDemand, cmd, project::Project};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use xshell::cmd;

use super::{
    layout::Layout,
    oci::{Descriptor, Index, Labels, OsArchitecture},
    recipe::label,
    reference::{Digest, Reference},
};
use crate::cli::values::{ImageName, Tag};

/// The program.
pub(crate) const PROGRAM: OnDemand = OnDemand {
    package: "image-pusher",
    profile: "image-pusher",
    first_time: "image-pusher, once for this machine: about a minute on 2 cores",
    sources: &["xtask/image-pusher"],
    prepare: |_| Ok(()),
};

/// A repository in a registry.
pub(super) struct Registry<'p> {
    project: &'p Project,
    image: &'p ImageName,
    insecure: bool,
    program: OnceLock<PathBuf>,
}

/// What became of the pieces of an image.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Pushed {
    /// Those that were sent.
    pub(super) sent: Vec<Digest>,
    /// Those that the registry had already.
    pub(super) present: Vec<Digest>,
}

/// An image as the registry has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Inspected {
    /// The image.
    pub(super) descriptor: Descriptor,
    /// What it runs on.
    pub(super) platform: OsArchitecture,
    /// What it was made from and by whom.
    pub(super) labels: Labels,
}

impl Inspected {
    /// The revision that it says it was made from.
    pub(super) fn revision(&self) -> &str {
        self.labels.get(&label("revision")).map_or("unknown", String::as_str)
    }
}

impl<'p> Registry<'p> {
    /// The repository of `image`, which is spoken to in plain HTTP if it is on loopback or this is `insecure`. Nothing is sent
    /// yet.
    pub(super) fn new(project: &'p Project, image: &'p ImageName, insecure: bool) -> Self {
        Self { project, image, insecure, program: OnceLock::new() }
    }

    /// Pushes the image in `layout` with this digest, under it alone.
    pub(super) fn push(&self, layout: &Layout, digest: &Digest) -> Result<Pushed> {
        let image = Reference::new(self.image, digest).to_string();
        self.ask(&["push", &layout.folder().display().to_string(), &image], &format!("push {image}"))
    }

    /// What the image with this digest is.
    pub(super) fn inspect(&self, digest: &Digest) -> Result<Inspected> {
        let image = Reference::new(self.image, digest).to_string();
        let answer: Value = self.ask(&["inspect", &image], &format!("look at {image}"))?;
        inspected(answer).with_context(|| format!("could not understand {image}"))
    }

    /// Pushes the list in `layout` with this digest, and has the tags point to it.
    pub(super) fn tag(&self, layout: &Layout, digest: &Digest, tags: &[Tag]) -> Result<()> {
        let (layout, image) =
            (layout.folder().display().to_string(), Reference::new(self.image, digest).to_string());
        let tags: Vec<String> = tags.iter().map(ToString::to_string).collect();
        let words = ["tag", &layout, &image].into_iter().chain(tags.iter().map(String::as_str));
        let _: Value = self.ask(&words.collect::<Vec<_>>(), &format!("tag {image}"))?;
        Ok(())
    }

    /// The list that `tag` points to, and its digest.
    pub(super) fn resolve(&self, tag: &Tag) -> Result<(Digest, Index)> {
        #[derive(Deserialize)]
        struct Answer {
            digest: Digest,
            manifest: Index,
        }
        let image = format!("{}:{tag}", self.image);
        let answer: Answer = self.ask(&["resolve", &image], &format!("resolve {image}"))?;
        Ok((answer.digest, answer.manifest))
    }

    /// The digest of what `tag` stands for, if it stands for anything. Asked for the right to push.
    pub(super) fn find(&self, tag: &Tag) -> Result<Option<Digest>> {
        #[derive(Deserialize)]
        struct Answer {
            digest: Option<Digest>,
        }
        let image = format!("{}:{tag}", self.image);
        let answer: Answer = self.ask(&["find", &image], &format!("ask for {image}"))?;
        Ok(answer.digest)
    }

    /// Runs the program and reads the line of JSON that it prints. `purpose` completes the sentence "could not …".
    fn ask<T: DeserializeOwned>(&self, words: &[&str], purpose: &str) -> Result<T> {
        let program = self.program()?;
        let shell = self.project.shell()?;
        let insecure = self.insecure.then_some("--insecure");
        let output = cmd::output(cmd!(shell, "{program} {insecure...} {words...}"), purpose)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
            bail!(anyhow!("{said}").context(format!("could not {purpose}")));
        }
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("could not {purpose}: image-pusher said nothing that is understood"))
    }

    /// The path of the program, compiled if need be.
    fn program(&self) -> Result<PathBuf> {
        if let Some(path) = self.program.get() {
            return Ok(path.clone());
        }
        let path = PROGRAM.ensure_built(self.project)?;
        Ok(self.program.get_or_init(|| path).clone())
    }
}

/// The digest of the list that `image:tag` stands for.
///
/// # Errors
/// There is no such list, or the registry can't be asked.
pub(crate) fn resolve(project: &Project, image: &ImageName, tag: &Tag) -> Result<Digest> {
    Ok(Registry::new(project, image, false).resolve(tag)?.0)
}

fn inspected(answer: Value) -> Result<Inspected> {
    #[derive(Deserialize)]
    struct Image {
        #[serde(flatten)]
        platform: OsArchitecture,
        #[serde(default)]
        config: Config,
    }
    #[derive(Default, Deserialize)]
    struct Config {
        #[serde(rename = "Labels", default)]
        labels: Option<Labels>,
    }
    let image: Image = serde_json::from_value(answer["config"].clone())?;
    let descriptor = serde_json::from_value(answer)?;
    Ok(Inspected { descriptor, platform: image.platform, labels: image.config.labels.unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_image_is_known_by_its_platform_and_its_revision() {
        let digest = Digest::of(b"x");
        let config = json!({ "os": "linux", "architecture": "arm64",
            "config": { "Labels": { "org.opencontainers.image.revision": "c0ffee" } } });
        let answer = json!({ "mediaType": "m", "digest": digest.to_string(), "size": 7, "config": config });
        let image = inspected(answer).unwrap();
        assert_eq!((image.descriptor.size, &image.descriptor.digest), (7, &digest));
        assert_eq!(image.platform.platform().unwrap().to_string(), "linux/arm64");
        assert_eq!(image.revision(), "c0ffee");
    }

    #[test]
    fn an_image_without_labels_is_of_no_known_revision() {
        let config = json!({ "os": "linux", "architecture": "s390x", "config": { "Labels": null } });
        let digest = Digest::of(b"x").to_string();
        let image =
            inspected(json!({ "mediaType": "m", "digest": digest, "size": 7, "config": config })).unwrap();
        assert_eq!(image.revision(), "unknown");
        assert!(image.platform.platform().unwrap_err().contains("linux/s390x"));
    }
}
