//! The result: one line on stdout for people and scripts, or everything as JSON.

use std::collections::BTreeMap;

use anyhow::Result;
use builds::budget::{Measured, grouped};
use devkit::ui;
use flags::values::{ImageName, Platform, Tag};
use image::{Digest, Reference};
use serde::Serialize;

/// The result of the command.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The name of the images.
    image: String,
    /// The image index, if one was made.
    pub(crate) list: Option<Reference>,
    /// The tags that were set.
    pub(crate) tags: Vec<Tag>,
    /// The images, by platform.
    pub(crate) images: BTreeMap<Platform, Made>,
    /// The platforms without an image.
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
    /// The number of its blobs that were sent to the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sent: Option<usize>,
}

impl Report {
    /// Returns an empty report.
    pub(crate) fn new(image: &ImageName) -> Self {
        let (images, missing) = (BTreeMap::new(), Vec::new());
        Self {
            image: image.to_string(),
            list: None,
            tags: Vec::new(),
            images,
            missing,
        }
    }

    /// Returns the entry of a platform's image, after it was made or found.
    pub(crate) fn made(&mut self, platform: Platform, image: &ImageName, digest: &Digest) -> &mut Made {
        let made = || Made {
            image: Reference::new(image, digest),
            size: None,
            sent: None,
        };
        self.images.entry(platform).or_insert_with(made)
    }

    /// Returns the sizes of the images that were made here, by their names in the budget file.
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
            None => self
                .images
                .values()
                .try_for_each(|made| ui::result(&made.image.to_string())),
        }
    }
}

/// Returns a size as text.
pub(crate) fn size(measured: Measured) -> String {
    format!(
        "{} bytes to transfer, {} unpacked",
        grouped(measured.gzip),
        grouped(measured.raw)
    )
}
