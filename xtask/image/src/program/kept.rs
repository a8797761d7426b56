//! The images of a release: made from the binaries in `target/dist` without Docker, and kept in the layout
//! `target/dist/oci`. Equal binaries give equal digests, so a second build can be compared.

use anyhow::{Context as _, Error, Result};
use builds::budget::{Budget, with_cures};
use devkit::project::Project;
use flags::{
    Builder,
    values::{Platform, Tag},
};
use image::{Digest, calls::Kept, image_name, layout};
use oci_spec::image::{Descriptor, ImageIndex};

use crate::{
    document,
    execute::Executor,
    plan,
    recipe::Recipe,
    registry::Access,
    request::{Goal, Request},
};

/// Returns the images of `index`, which has this digest.
///
/// # Errors
/// Fails if an image is for no platform of ours.
pub(crate) fn of_index(digest: Digest, index: &ImageIndex) -> Result<Kept> {
    let image = |image: &Descriptor| {
        let platform = image.platform().as_ref().context("an image has no platform")?;
        let platform = format!("{}/{}", platform.os(), platform.architecture());
        Ok((platform.parse().map_err(Error::msg)?, document::digest(image)?))
    };
    Ok(Kept {
        index: digest,
        images: index.manifests().iter().map(image).collect::<Result<_>>()?,
    })
}

/// Makes the images of all platforms from the binaries in `target/dist`, labelled with `revision` and dated
/// `epoch` seconds after 1970, and an image index of them under `tag`.
///
/// # Errors
/// Fails if a binary is missing, or if an image holds a key or is over its budget.
pub(crate) fn keep(project: &Project, revision: &str, epoch: u64, tag: Tag) -> Result<Kept> {
    let request = Request {
        image: image_name(None)?,
        builder: Builder::Oci,
        goal: Goal::Keep(Platform::ALL.to_vec(), vec![tag]),
        allow_partial: false,
        access: Access::default(),
        digests: project.dist.join("digests"),
        layout: project.dist.join(layout::DIRECTORY),
        binaries: Some(project.dist.clone()),
    };
    let recipe = Recipe::new(revision, epoch);
    let report = Executor::new(project, &request, &recipe, None)?.take(&plan::plan(&request))?;
    Budget::of(project)?
        .check(&report.sizes(), &flags::shipped())
        .map_err(with_cures)?;
    let index = report.list.context("no index was made of the images")?;
    let images = report
        .images
        .into_iter()
        .map(|(platform, made)| (platform, made.image.digest));
    Ok(Kept {
        index: index.digest,
        images: images.collect(),
    })
}
