//! Makes the list of steps from the request, in a pure function. Everything is in place on this machine before the
//! first push.

use super::request::Request;

/// A step of the release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Run the steps of `ci` that have not passed for this commit.
    Check,
    /// Make the component and the module.
    Wasm,
    /// Make archives, and add those of other machines.
    Archives,
    /// Make the images.
    Images,
    /// Make the component's layout for a registry.
    Component,
    /// Write the SBOMs and the metadata.
    Describe,
    /// Move the directory to its final path.
    Settle,
    /// Push the component.
    Push,
    /// Tag the commit.
    Tag,
}

/// Returns the steps in order. `tagged` tells whether the commit has the version's tag already.
pub(super) fn plan(request: &Request, tagged: bool) -> Vec<Step> {
    let made = [
        Step::Wasm,
        Step::Archives,
        Step::Images,
        Step::Component,
        Step::Describe,
        Step::Settle,
    ];
    let mut steps: Vec<Step> = request
        .checks
        .then_some(Step::Check)
        .into_iter()
        .chain(made)
        .collect();
    if !request.dry_run {
        steps.extend(request.push.is_some().then_some(Step::Push));
        steps.extend((!tagged).then_some(Step::Tag));
    }
    steps
}

#[cfg(test)]
mod tests {
    use image::calls::Tagged;

    use super::*;

    fn request() -> Request {
        let push = Tagged {
            image: "localhost:5000/clawft-wasm".parse().unwrap(),
            tag: "1.0.0".parse().unwrap(),
            insecure: false,
        };
        Request {
            checks: true,
            artifacts: None,
            push: Some(push),
            dry_run: false,
        }
    }

    #[test]
    fn completes_directory_before_push_and_tags_last() {
        let steps = plan(&request(), false);
        assert_eq!(steps[0], Step::Check);
        assert_eq!(
            steps[steps.len() - 4..],
            [Step::Describe, Step::Settle, Step::Push, Step::Tag]
        );
    }

    #[test]
    fn dry_run_ends_with_the_directory() {
        let steps = plan(
            &Request {
                dry_run: true,
                ..request()
            },
            false,
        );
        assert_eq!(steps.last(), Some(&Step::Settle));
    }

    #[test]
    fn does_not_tag_a_tagged_commit() {
        assert_eq!(plan(&request(), true).last(), Some(&Step::Push));
        let steps = plan(
            &Request {
                checks: false,
                push: None,
                ..request()
            },
            true,
        );
        assert_eq!(
            (steps.first(), steps.last()),
            (Some(&Step::Wasm), Some(&Step::Settle))
        );
    }
}
