//! What came of it, for whoever asked: one line on stdout for people and scripts, or all of it as JSON.

use std::collections::BTreeMap;

use anyhow::Result;
use devkit::{
    budget::{Measured, grouped},
    ui,
};
use flags::values::{ImageName, Platform, Tag};
use image::{Digest, Reference};
use serde::Serialize;

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// What the images are called.
    image: String,
    /// The list of all images, if one was made.
    pub(crate) list: Option<Reference>,
    /// The tags that point to it.
    pub(crate) tags: Vec<Tag>,
    /// The images, by platform.
    pub(crate) images: BTreeMap<Platform, Made>,
    /// The platforms that there is no image for.
    pub(crate) missing: Vec<Platform>,
}

/// An image.
#[derive(Debug, Serialize)]
pub(crate) struct Made {
    /// The image.
    pub(crate) image: Reference,
    /// Its size, if it was made here.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<Measured>,
    /// How many of its pieces were sent to the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sent: Option<usize>,
}

impl Report {
    /// A report on nothing yet.
    pub(crate) fn new(image: &ImageName) -> Self {
        let (images, missing) = (BTreeMap::new(), Vec::new());
        Self { image: image.to_string(), list: None, tags: Vec::new(), images, missing }
    }

    /// What is known of a platform's image after it was made or found.
    pub(crate) fn made(&mut self, platform: Platform, image: &ImageName, digest: &Digest) -> &mut Made {
        let made = || Made { image: Reference::new(image, digest), size: None, sent: None };
        self.images.entry(platform).or_insert_with(made)
    }

    /// The sizes of the images that were made here, by their names in the budget file.
    pub(crate) fn sizes(&self) -> Vec<(&'static str, Measured)> {
        let sized = |(platform, made): (&Platform, &Made)| Some((platform.budget_row(), made.size?));
        self.images.iter().filter_map(sized).collect()
    }

    /// Prints the result.
    pub(crate) fn print(&self, json: bool) -> Result<()> {
        if json {
            return ui::result(&serde_json::to_string_pretty(self)?);
        }
        match &self.list {
            Some(list) => ui::result(&list.to_string()),
            None => self.images.values().try_for_each(|made| ui::result(&made.image.to_string())),
        }
    }
}

/// A size in words.
pub(crate) fn size(measured: Measured) -> String {
    format!("{} bytes to transfer, {} unpacked", grouped(measured.gzip), grouped(measured.raw))
}
