//! The check whether images belong to one release, before an image index is made of them.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use flags::values::Platform;
use oci_spec::image::Descriptor;

use crate::{document, registry::Inspected};

/// The requirements for a release.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'w> {
    /// Whether a platform may be missing.
    pub(crate) allow_partial: bool,
    /// The revision that all images must have, if it is known.
    pub(crate) revision: Option<&'w str>,
}

/// The images of an image index, and the missing platforms.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Release {
    /// The images, each with its platform.
    pub(crate) images: Vec<Descriptor>,
    /// The platforms without an image.
    pub(crate) missing: Vec<Platform>,
}

/// Makes a release of `images`, by the platform that each was recorded for.
///
/// # Errors
/// Lists all violations: images for another platform than recorded, images of different revisions, images of
/// another revision than the checkout, and platforms without an image.
pub(crate) fn release(images: &BTreeMap<Platform, Inspected>, wanted: Wanted<'_>) -> Result<Release> {
    let mut wrong: Vec<String> = images
        .iter()
        .filter_map(|(platform, image)| misplaced(*platform, image))
        .collect();
    wrong.extend(revisions(images, wanted.revision));
    let missing: Vec<Platform> = Platform::ALL
        .into_iter()
        .filter(|platform| !images.contains_key(platform))
        .collect();
    if !missing.is_empty() && !wanted.allow_partial {
        wrong.push(format!(
            "there is no image for {}: with `--allow-partial` the list would go without",
            Platform::in_words(&missing)
        ));
    }
    if !wrong.is_empty() {
        bail!(
            "these images make no release, and no tag was moved\n{}",
            wrong.join("\n")
        );
    }
    let images = images
        .iter()
        .map(|(platform, image)| document::on(image.descriptor.clone(), *platform));
    Ok(Release {
        images: images.collect::<Result<_>>()?,
        missing,
    })
}

fn misplaced(platform: Platform, image: &Inspected) -> Option<String> {
    let digest = image.descriptor.digest();
    match image.platform.parse::<Platform>() {
        Ok(found) if found == platform => None,
        Ok(found) => Some(format!(
            "{digest} was recorded for {platform}, and is a second image for {found}"
        )),
        Err(error) => Some(format!("{digest} was recorded for {platform}: {error}")),
    }
}

fn revisions(images: &BTreeMap<Platform, Inspected>, wanted: Option<&str>) -> Option<String> {
    let revisions: Vec<&str> = images.values().map(Inspected::revision).collect();
    let expected = wanted.or(revisions.first().copied())?;
    if revisions.iter().all(|revision| *revision == expected) {
        return None;
    }
    let each = images
        .iter()
        .map(|(platform, image)| format!("{platform} is of {}", image.revision()));
    let checked_out = wanted.map(|wanted| format!("{wanted} is checked out"));
    let all: Vec<String> = each.chain(checked_out).collect();
    Some(format!("their revisions differ: {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use Platform::{Amd64, Arm64};
    use oci_spec::image::{ANNOTATION_REVISION, MediaType};

    use super::*;
    use crate::document::Labels;

    const ANY: Wanted<'static> = Wanted {
        allow_partial: false,
        revision: None,
    };

    fn image(architecture: &str, revision: &str) -> Inspected {
        Inspected {
            descriptor: document::descriptor(MediaType::ImageManifest, architecture.as_bytes()).unwrap(),
            platform: format!("linux/{architecture}"),
            labels: Labels::from([(ANNOTATION_REVISION.to_owned(), revision.to_owned())]),
        }
    }

    fn error(images: &[(Platform, Inspected)], wanted: Wanted<'_>) -> String {
        release(&images.iter().cloned().collect(), wanted)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn images_of_one_revision_make_a_release() {
        let images = [(Arm64, image("arm64", "a")), (Amd64, image("amd64", "a"))];
        let release = release(
            &images.into(),
            Wanted {
                revision: Some("a"),
                ..ANY
            },
        )
        .unwrap();
        let architectures = release
            .images
            .iter()
            .map(|image| image.platform().as_ref().unwrap().architecture().to_string());
        assert_eq!(architectures.collect::<Vec<_>>(), ["amd64", "arm64"]);
        assert_eq!(release.missing, []);
    }

    #[test]
    fn refuses_two_images_of_one_platform() {
        let error = error(&[(Amd64, image("amd64", "a")), (Arm64, image("amd64", "a"))], ANY);
        assert!(
            error.contains("was recorded for linux/arm64, and is a second image for linux/amd64"),
            "{error}"
        );
    }

    #[test]
    fn refuses_images_of_different_revisions() {
        let images = [(Amd64, image("amd64", "a")), (Arm64, image("arm64", "b"))];
        assert!(error(&images, ANY).contains("linux/amd64 is of a, linux/arm64 is of b"));
        let images = [(Amd64, image("amd64", "a")), (Arm64, image("arm64", "a"))];
        let error = error(
            &images,
            Wanted {
                revision: Some("c"),
                ..ANY
            },
        );
        assert!(error.contains("linux/arm64 is of a, c is checked out"), "{error}");
    }

    #[test]
    fn refuses_missing_platform_unless_allowed() {
        let images = [(Amd64, image("amd64", "a"))];
        assert!(error(&images, ANY).contains("no image for linux/arm64: with `--allow-partial`"));
        let partial = release(
            &images.into(),
            Wanted {
                allow_partial: true,
                ..ANY
            },
        )
        .unwrap();
        assert_eq!((partial.images.len(), partial.missing), (1, vec![Arm64]));
    }

    #[test]
    fn error_lists_all_violations() {
        let error = error(
            &[(Arm64, image("riscv64", "a"))],
            Wanted {
                revision: Some("b"),
                ..ANY
            },
        );
        for part in ["linux/riscv64", "revisions differ", "no image for linux/amd64"] {
            assert!(error.contains(part), "{error}");
        }
    }
}
