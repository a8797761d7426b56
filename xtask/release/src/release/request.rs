//! The request: the command line in closed types.

use std::path::PathBuf;

use anyhow::{Context as _, Error, Result};
use flags::{Release, values::ImageName};
use image::{calls::Tagged, image_name};

pub(super) use crate::dist::VERSION;

/// A valid request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// Whether to run the steps of `ci` that have not passed.
    pub(super) checks: bool,
    /// The directory of archives from other machines.
    pub(super) artifacts: Option<PathBuf>,
    /// The target of the component's push, if any.
    pub(super) push: Option<Tagged>,
    /// Whether to stop before anything is tagged or pushed.
    pub(super) dry_run: bool,
}

impl Request {
    /// Reads the command line.
    ///
    /// # Errors
    /// Fails if there is no name for the component.
    pub(super) fn new(flags: &Release) -> Result<Self> {
        let push = || -> Result<Tagged> {
            let image = component_name(flags.image.as_ref())?;
            Ok(Tagged {
                image,
                tag: VERSION.parse().map_err(Error::msg)?,
                insecure: flags.insecure,
            })
        };
        let whole = |path: &PathBuf| {
            std::path::absolute(path).with_context(|| format!("bad path `{}`", path.display()))
        };
        Ok(Self {
            checks: !flags.skip_checks,
            artifacts: flags.artifacts.as_ref().map(whole).transpose()?,
            push: flags.push.then(push).transpose()?,
            dry_run: flags.dry_run,
        })
    }
}

/// Returns the component's name in a registry: that of the images, with `-wasm`.
pub(super) fn component_name(images: Option<&ImageName>) -> Result<ImageName> {
    image_name(images)?.with_suffix("-wasm").map_err(Error::msg)
}

/// Returns the version's tag in git and of its images: `vX.Y.Z`.
pub(super) fn git_tag() -> String {
    format!("v{VERSION}")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Alone {
        #[command(flatten)]
        flags: Release,
    }

    fn request(words: &[&str]) -> Request {
        let words = ["release"].iter().chain(words);
        Request::new(&Alone::try_parse_from(words).unwrap().flags).unwrap()
    }

    #[test]
    fn names_component_after_the_images() {
        let push = request(&["--push", "--image", "localhost:5000/me/agent"])
            .push
            .unwrap();
        assert_eq!(push.image.to_string(), "localhost:5000/me/agent-wasm");
        assert_eq!(push.tag.to_string(), VERSION);
        assert_eq!(request(&["--image", "localhost:5000/me/agent"]).push, None);
    }

    #[test]
    fn skips_checks_on_request_only() {
        assert!(request(&["--dry-run"]).checks && !request(&["--skip-checks"]).checks);
    }

    #[test]
    fn verify_excludes_flags_of_a_release() {
        for flag in ["--push", "--dry-run", "--insecure"] {
            assert!(
                Alone::try_parse_from(["release", "--verify", "x", flag]).is_err(),
                "{flag}"
            );
        }
    }
}
