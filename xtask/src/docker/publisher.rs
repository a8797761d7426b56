//! Where a list of images goes: into the layout, or into the registry by one way or the other.

use anyhow::{Context as _, Result, ensure};
use devkit::{cmd, project::Project};
use xshell::cmd;

use super::{
    layout::Layout,
    oci::{Descriptor, INDEX, Index, Labels},
    recipe::Recipe,
    reference::{Digest, Reference},
    registry::Registry,
};
use crate::cli::values::{ImageName, Tag};

/// Puts a list of images to where it is found by its tags.
pub(super) trait Publisher {
    /// Makes one list of `images`, has `tags` point to it, and returns its digest. Tags move when all the rest is in place.
    fn publish(&self, images: Vec<Descriptor>, tags: &[Tag]) -> Result<Digest>;
}

/// Keeps the list in the layout.
pub(super) struct Here<'l> {
    pub(super) layout: &'l Layout,
    pub(super) recipe: &'l Recipe,
}

impl Publisher for Here<'_> {
    fn publish(&self, images: Vec<Descriptor>, tags: &[Tag]) -> Result<Digest> {
        let list = self.layout.put_json(INDEX, &Index::new(images, annotations(self.recipe)))?;
        self.layout.name(tags.iter().map(|tag| list.tagged(tag)).collect())?;
        Ok(list.digest)
    }
}

/// Sends the list to the registry.
pub(super) struct There<'l, 'p> {
    pub(super) here: Here<'l>,
    pub(super) registry: &'l Registry<'p>,
}

impl Publisher for There<'_, '_> {
    fn publish(&self, images: Vec<Descriptor>, tags: &[Tag]) -> Result<Digest> {
        let digest = self.here.publish(images, tags)?;
        self.registry.tag(self.here.layout, &digest, tags)?;
        Ok(digest)
    }
}

/// Has `docker buildx imagetools` make the list in the registry.
pub(super) struct Imagetools<'l, 'p> {
    pub(super) project: &'p Project,
    pub(super) image: &'l ImageName,
    pub(super) recipe: &'l Recipe,
    pub(super) registry: &'l Registry<'p>,
}

impl Publisher for Imagetools<'_, '_> {
    fn publish(&self, images: Vec<Descriptor>, tags: &[Tag]) -> Result<Digest> {
        let shell = self.project.shell()?;
        let named = tags.iter().flat_map(|tag| ["--tag".to_owned(), format!("{}:{tag}", self.image)]);
        let annotations = annotations(self.recipe).into_iter();
        let annotated = annotations
            .flat_map(|(name, value)| ["--annotation".to_owned(), format!("index:{name}={value}")]);
        let sources = images.iter().map(|image| Reference::new(self.image, &image.digest).to_string());
        let create = cmd!(shell, "docker buildx imagetools create");
        cmd::run_quietly(
            create.args(named).args(annotated).args(sources),
            "make a list with imagetools",
            20,
        )?;
        self.read_back(&images, tags)
    }
}

impl Imagetools<'_, '_> {
    /// The digest of the list, which is the same under all tags and holds these images and no others.
    fn read_back(&self, images: &[Descriptor], tags: &[Tag]) -> Result<Digest> {
        let digests =
            |images: &[Descriptor]| images.iter().map(|image| image.digest.clone()).collect::<Vec<_>>();
        let mut under = None;
        for tag in tags {
            let (digest, list) = self.registry.resolve(tag)?;
            ensure!(
                digests(&list.manifests) == digests(images)
                    && *under.get_or_insert_with(|| digest.clone()) == digest,
                "`{}:{tag}` is not the list that was just made: who else sets it?",
                self.image
            );
        }
        under.context("the list has no tag")
    }
}

/// What a list says of itself: the labels of its images, which some registries show.
fn annotations(recipe: &Recipe) -> Labels {
    recipe.labels.clone()
}
