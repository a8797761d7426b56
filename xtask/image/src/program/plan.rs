//! The plan: from a request to the list of steps. Nothing here reads or changes the machine; executing the
//! plan and printing it share one list.

use flags::{Builder, values::Platform};

use crate::request::{Goal, Request};

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Check that pushes to the registry are allowed.
    LogIn,
    /// Have the binary.
    Binary(Platform),
    /// Make the image, in the layout.
    Image(Platform),
    /// Stop if a platform failed, because nothing has left this machine yet.
    Settle,
    /// Load the image into the engine.
    Load(Platform),
    /// Remove the digests of earlier pushes.
    Forget,
    /// Push the image by its digest.
    Push(Platform),
    /// Write its digest into the directory.
    Record(Platform),
    /// Read all digests in the directory, and check in the registry that the images belong to one release.
    Gather,
    /// Make an image index in the layout.
    List,
    /// Make an image index in the registry, and set the tags.
    Publish,
}

impl Step {
    /// Returns the platform of the step; a step of a failed platform is skipped.
    pub(crate) fn platform(self) -> Option<Platform> {
        match self {
            Self::Binary(platform)
            | Self::Image(platform)
            | Self::Load(platform)
            | Self::Push(platform)
            | Self::Record(platform) => Some(platform),
            Self::LogIn | Self::Settle | Self::Forget | Self::Gather | Self::List | Self::Publish => None,
        }
    }
}

/// Returns the steps, in their order.
pub(crate) fn plan(request: &Request) -> Vec<Step> {
    let each = |steps: &[fn(Platform) -> Step]| -> Vec<Step> {
        let platforms = request.goal.platforms().iter();
        platforms
            .flat_map(|platform| steps.iter().map(|step| step(*platform)))
            .collect()
    };
    let build = || [each(&[Step::Binary]), each(&[Step::Image]), vec![Step::Settle]].concat();
    let push = || each(&[Step::Push, Step::Record]);
    let log_in = || vec![Step::LogIn];
    match (&request.goal, request.builder) {
        (Goal::Keep(..), Builder::Oci) => [build(), vec![Step::List]].concat(),
        (Goal::Keep(..), Builder::Docker) => [build(), each(&[Step::Load])].concat(),
        (Goal::Push(_), _) => [log_in(), build(), push()].concat(),
        (Goal::Publish(_), _) => [
            log_in(),
            build(),
            vec![Step::Forget],
            push(),
            vec![Step::Gather, Step::Publish],
        ]
        .concat(),
        (Goal::Merge(_), _) => vec![Step::Gather, Step::Publish],
    }
}

/// Returns the description of a step.
pub(crate) fn describe(step: Step, request: &Request) -> String {
    let Request {
        image, goal, digests, ..
    } = request;
    let digests = digests.display();
    let tags = goal
        .tags()
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    match step {
        Step::LogIn => format!(
            "log in   to {}, and check that pushes are allowed",
            image.registry()
        ),
        Step::Binary(platform) => match &request.binaries {
            Some(directory) => {
                format!(
                    "take     {}",
                    directory.join(platform.target().file_name()).display()
                )
            }
            None => format!("build    {}", platform.target().file_name()),
        },
        Step::Image(platform) => format!("image    {platform}, with {}", builder(request.builder)),
        Step::Settle if request.allow_partial => {
            "settle   go on without what failed, if anything is left".to_owned()
        }
        Step::Settle => "settle   stop here if anything failed".to_owned(),
        Step::Load(platform) => format!("load     {platform} into the engine as {image}, tags {tags}"),
        Step::Forget => format!("forget   the digests in {digests}"),
        Step::Push(platform) => format!("push     {platform} to {image}, by its digest alone"),
        Step::Record(platform) => format!("record   its digest in {digests}/{}", platform.file_name()),
        Step::Gather => format!(
            "gather   the digests in {digests}: one revision, {}",
            wanted(request)
        ),
        Step::List => format!("list     all of them as {image}, tags {tags}"),
        Step::Publish if tags.is_empty() => {
            format!("publish  a list of them as {image}, by its digest alone")
        }
        Step::Publish => format!("publish  a list of them as {image}, then tags {tags}"),
    }
}

fn builder(builder: Builder) -> &'static str {
    match builder {
        Builder::Docker => "docker buildx",
        Builder::Oci => "no Docker",
    }
}

fn wanted(request: &Request) -> String {
    let platforms = Platform::in_words(request.goal.platforms());
    if request.allow_partial {
        format!("{platforms} or fewer")
    } else {
        platforms
    }
}

#[cfg(test)]
mod tests {
    use Platform::{Amd64, Arm64};

    use super::*;
    use crate::registry::Access;

    fn request(goal: Goal, builder: Builder) -> Request {
        Request {
            image: "localhost:5000/clawft".parse().unwrap(),
            builder,
            goal,
            allow_partial: false,
            access: Access::default(),
            digests: "digests".into(),
            layout: "oci".into(),
            binaries: None,
        }
    }

    fn tags() -> Vec<flags::values::Tag> {
        vec!["v1".parse().unwrap()]
    }

    #[test]
    fn builds_before_pushing_and_tags_last() {
        let steps = plan(&request(Goal::Publish(tags()), Builder::Docker));
        let expected = [
            Step::LogIn,
            Step::Binary(Amd64),
            Step::Binary(Arm64),
            Step::Image(Amd64),
            Step::Image(Arm64),
            Step::Settle,
            Step::Forget,
            Step::Push(Amd64),
            Step::Record(Amd64),
            Step::Push(Arm64),
            Step::Record(Arm64),
            Step::Gather,
            Step::Publish,
        ];
        assert_eq!(steps, expected);
    }

    #[test]
    fn single_platform_moves_no_tag() {
        for builder in [Builder::Docker, Builder::Oci] {
            let steps = plan(&request(Goal::Push(vec![Arm64]), builder));
            assert_eq!(steps[3..], [Step::Settle, Step::Push(Arm64), Step::Record(Arm64)]);
        }
    }

    #[test]
    fn plan_without_push_stays_local() {
        let here = |builder| plan(&request(Goal::Keep(vec![Amd64], tags()), builder)).pop();
        assert_eq!(here(Builder::Oci), Some(Step::List));
        assert_eq!(here(Builder::Docker), Some(Step::Load(Amd64)));
    }

    #[test]
    fn merge_plan_builds_nothing() {
        assert_eq!(
            plan(&request(Goal::Merge(tags()), Builder::Oci)),
            [Step::Gather, Step::Publish]
        );
    }

    #[test]
    fn merge_and_push_end_alike() {
        let words = |goal| {
            let request = request(goal, Builder::Oci);
            plan(&request)
                .into_iter()
                .map(|step| describe(step, &request))
                .collect::<Vec<_>>()
        };
        let merge = words(Goal::Merge(tags()));
        let publish = words(Goal::Publish(tags()));
        assert_eq!(merge[..], publish[publish.len() - 2..]);
        assert_eq!(
            merge[0],
            "gather   the digests in digests: one revision, linux/amd64 and linux/arm64"
        );
        assert_eq!(
            merge[1],
            "publish  a list of them as localhost:5000/clawft, then tags v1"
        );
    }
}
