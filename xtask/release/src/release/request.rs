//! What is asked for, in closed types.

use std::path::PathBuf;

use anyhow::{Context as _, Error, Result};
use flags::{Release, values::ImageName};
use image::{calls::Tagged, image_name};

pub(super) use crate::dist::VERSION;

/// A request that makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// Whether what `ci` has not yet passed is run first.
    pub(super) checks: bool,
    /// Where archives of other machines are.
    pub(super) artifacts: Option<PathBuf>,
    /// Where the component is pushed to, if it is.
    pub(super) push: Option<Tagged>,
    /// Whether it ends before anything is tagged or pushed.
    pub(super) dry_run: bool,
}

impl Request {
    /// Reads the command line.
    ///
    /// # Errors
    /// There is no name for the component.
    pub(super) fn new(flags: &Release) -> Result<Self> {
        let push = || -> Result<Tagged> {
            let image = component_name(flags.image.as_ref())?;
            Ok(Tagged { image, tag: VERSION.parse().map_err(Error::msg)?, insecure: flags.insecure })
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

/// What the component is called in a registry: as the images are, and `-wasm`.
pub(super) fn component_name(images: Option<&ImageName>) -> Result<ImageName> {
    image_name(images)?.with_suffix("-wasm").map_err(Error::msg)
}

/// The tag of the version in git and of its images: `vX.Y.Z`.
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
    fn the_component_stands_beside_the_images() {
        let push = request(&["--push", "--image", "localhost:5000/me/agent"]).push.unwrap();
        assert_eq!(push.image.to_string(), "localhost:5000/me/agent-wasm");
        assert_eq!(push.tag.to_string(), VERSION);
        assert_eq!(request(&["--image", "localhost:5000/me/agent"]).push, None);
    }

    #[test]
    fn checks_are_left_out_on_request_only() {
        assert!(request(&["--dry-run"]).checks && !request(&["--skip-checks"]).checks);
    }

    #[test]
    fn a_release_that_is_compared_is_not_made() {
        for flag in ["--push", "--dry-run", "--insecure"] {
            assert!(Alone::try_parse_from(["release", "--verify", "x", flag]).is_err(), "{flag}");
        }
    }
}
