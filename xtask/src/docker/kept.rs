//! The images as a release has them: made of the binaries in `target/dist` without Docker, and kept in the layout
//! `target/dist/oci`. Equal binaries give equal digests, so whoever makes them again can compare.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use devkit::{budget::Budget, project::Project};

use super::{
    act::Work,
    plan,
    recipe::Recipe,
    reference::Digest,
    request::{Goal, LAYOUT, Request, image_name},
};
use crate::cli::{
    Builder,
    values::{Platform, Tag},
};

/// Images in a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The list of them.
    pub(crate) index: Digest,
    /// Each of them.
    pub(crate) images: BTreeMap<Platform, Digest>,
}

/// Makes the images of all platforms from the binaries in `target/dist`, labelled with `revision` and dated `epoch` seconds after
/// 1970, and a list of them under `tag`.
///
/// # Errors
/// A binary is not there, an image holds a key, or is over its budget.
pub(crate) fn keep(project: &Project, revision: &str, epoch: u64, tag: Tag) -> Result<Kept> {
    let request = Request {
        image: image_name(None)?,
        builder: Builder::Oci,
        goal: Goal::Keep(Platform::ALL.to_vec(), vec![tag]),
        allow_partial: false,
        insecure: false,
        digests: project.dist.join("digests"),
        layout: project.dist.join(LAYOUT),
        binaries: Some(project.dist.clone()),
    };
    let recipe = Recipe::new(revision, epoch);
    let report = Work::new(project, &request, &recipe, None)?.take(&plan::plan(&request))?;
    Budget::of(project)?.check(&report.sizes(), &flags::shipped())?;
    let list = report.list.context("no list was made of the images")?;
    let images = report.images.into_iter().map(|(platform, made)| (platform, made.image.digest));
    Ok(Kept { index: list.digest, images: images.collect() })
}
