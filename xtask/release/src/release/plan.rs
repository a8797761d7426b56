//! From what is asked for to what has to be done. A pure function; what was made is in its place before anything leaves this
//! machine.

use super::request::Request;

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Run what `ci` has not yet passed for this commit.
    Check,
    /// Make component and module.
    Wasm,
    /// Make archives, and take those of other machines.
    Archives,
    /// Make the images.
    Images,
    /// Put the component into the form that registries keep.
    Component,
    /// Write what all of it is made of, and what it is.
    Describe,
    /// Put the folder in its place.
    Settle,
    /// Push the component.
    Push,
    /// Tag the commit.
    Tag,
}

/// What has to be done, in this order. The commit is `tagged` already or not.
pub(super) fn plan(request: &Request, tagged: bool) -> Vec<Step> {
    let made = [Step::Wasm, Step::Archives, Step::Images, Step::Component, Step::Describe, Step::Settle];
    let mut steps: Vec<Step> = request.checks.then_some(Step::Check).into_iter().chain(made).collect();
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
        Request { checks: true, artifacts: None, push: Some(push), dry_run: false }
    }

    #[test]
    fn the_folder_is_complete_before_anything_leaves_the_machine_and_the_tag_is_last() {
        let steps = plan(&request(), false);
        assert_eq!(steps[0], Step::Check);
        assert_eq!(steps[steps.len() - 4..], [Step::Describe, Step::Settle, Step::Push, Step::Tag]);
    }

    #[test]
    fn a_dry_run_ends_with_the_folder() {
        let steps = plan(&Request { dry_run: true, ..request() }, false);
        assert_eq!(steps.last(), Some(&Step::Settle));
    }

    #[test]
    fn what_is_tagged_is_not_tagged_again() {
        assert_eq!(plan(&request(), true).last(), Some(&Step::Push));
        let steps = plan(&Request { checks: false, push: None, ..request() }, true);
        assert_eq!((steps.first(), steps.last()), (Some(&Step::Wasm), Some(&Step::Settle)));
    }
}
