//! The destinations of an image index: the layout, or the registry in one of two ways.

use anyhow::{Context as _, Result, ensure};
use devkit::{cmd, project::Project};
use flags::values::{ImageName, Tag};
use image::{Digest, Reference};
use oci_spec::image::{Descriptor, MediaType};
use xshell::cmd;

use crate::{document, layout::Layout, recipe::Recipe, registry::Registry};

/// Puts an image index at its destination.
pub(crate) trait Publisher {
    /// Makes an index of `images`, sets `tags` to it, and returns its digest. Tags are set when everything
    /// else is in place.
    fn publish(&self, images: Vec<Descriptor>, tags: &[Tag]) -> Result<Digest>;
}

/// Writes the index into the layout.
pub(crate) struct LayoutPublisher<'l> {
    pub(crate) layout: &'l Layout,
    pub(crate) recipe: &'l Recipe,
}

impl Publisher for LayoutPublisher<'_> {
    fn publish(&self, images: Vec<Descriptor>, tags: &[Tag]) -> Result<Digest> {
        let index = document::index(images, &self.recipe.labels)?;
        let index = self.layout.put_json(MediaType::ImageIndex, &index)?;
        // Without tags, the layout lists the index itself: later steps of a release find it there.
        let listed = match tags {
            [] => vec![index.clone()],
            _ => tags.iter().map(|tag| document::tagged(&index, tag)).collect(),
        };
        self.layout.list(listed)?;
        document::digest(&index)
    }
}

/// Pushes the index to the registry.
pub(crate) struct RegistryPublisher<'l, 'p> {
    pub(crate) local: LayoutPublisher<'l>,
    pub(crate) registry: &'l Registry<'p>,
}

impl Publisher for RegistryPublisher<'_, '_> {
    fn publish(&self, images: Vec<Descriptor>, tags: &[Tag]) -> Result<Digest> {
        let digest = self.local.publish(images, tags)?;
        self.registry.tag(self.local.layout, &digest, tags)?;
        Ok(digest)
    }
}

/// Makes the index in the registry with `docker buildx imagetools`.
pub(crate) struct Imagetools<'l, 'p> {
    pub(crate) project: &'p Project,
    pub(crate) image: &'l ImageName,
    pub(crate) recipe: &'l Recipe,
    pub(crate) registry: &'l Registry<'p>,
}

impl Publisher for Imagetools<'_, '_> {
    fn publish(&self, images: Vec<Descriptor>, tags: &[Tag]) -> Result<Digest> {
        let shell = self.project.shell()?;
        let named = tags
            .iter()
            .flat_map(|tag| ["--tag".to_owned(), format!("{}:{tag}", self.image)]);
        let annotated = self
            .recipe
            .labels
            .iter()
            .flat_map(|(name, value)| ["--annotation".to_owned(), format!("index:{name}={value}")]);
        let digests = digests(&images)?;
        let sources = digests
            .iter()
            .map(|digest| Reference::new(self.image, digest).to_string());
        let create = cmd!(shell, "docker buildx imagetools create");
        cmd::run_quietly(
            create.args(named).args(annotated).args(sources),
            "make a list with imagetools",
            20,
        )?;
        self.read_back(&digests, tags)
    }
}

impl Imagetools<'_, '_> {
    /// Returns the digest of the index, after checking that all tags point to it and that it holds exactly
    /// these images.
    fn read_back(&self, images: &[Digest], tags: &[Tag]) -> Result<Digest> {
        let mut under = None;
        for tag in tags {
            let (digest, index) = self.registry.resolve(tag)?;
            ensure!(
                digests(index.manifests())? == images && *under.get_or_insert(digest) == digest,
                "`{}:{tag}` is not the list that was just made: who else sets it?",
                self.image
            );
        }
        under.context("the index has no tag")
    }
}

fn digests(images: &[Descriptor]) -> Result<Vec<Digest>> {
    images.iter().map(document::digest).collect()
}
