//! The default tags of an image. A pure function of git's information.

use anyhow::{Context as _, Result, anyhow, ensure};
use flags::values::Tag;

use crate::checkout::Checkout;

/// Returns the tags for the image of a checkout, of a package with this version.
///
/// A release, which is a clean commit with the tag `vX.Y.Z`, gets that tag, `X.Y` and `latest`; the last two
/// only if there is no later release. A preview such as `v1.0.0-rc.1` gets its own tag only. Anything else
/// gets the name of its branch or, without one, of its commit.
///
/// # Errors
/// Fails if the release has another version than the package, or if no tag can be made from git's
/// information.
pub(crate) fn tags(checkout: &Checkout, package: &str) -> Result<Vec<Tag>> {
    let release = checkout.tags_here.iter().find_map(|tag| Release::parse(tag));
    match release.filter(|_| checkout.is_clean()) {
        Some(release) => {
            ensure!(
                release.text == package,
                "the tag v{} is of another version than the package, which is {package}",
                release.text
            );
            release.tags(&checkout.tags)
        }
        None => Ok(vec![passing(checkout)?]),
    }
}

/// Returns the tag of a build that is no release; the next build may move it.
fn passing(checkout: &Checkout) -> Result<Tag> {
    let name = match &checkout.branch {
        Some(branch) => branch.clone(),
        None => format!(
            "commit-{}",
            checkout.revision.get(..12).context("git named no whole commit")?
        ),
    };
    let dirty = if checkout.is_clean() { "" } else { "-dirty" };
    Tag::nearest(&format!("{name}{dirty}")).map_err(|error| anyhow!("{error}: choose one with `--tag`"))
}

/// A release tag.
#[derive(Debug, PartialEq, Eq)]
struct Release<'t> {
    /// The version, without the `v`.
    text: &'t str,
    numbers: [u64; 3],
    preview: bool,
}

impl<'t> Release<'t> {
    /// Parses `vX.Y.Z`, or that with `-preview`; `None` for any other tag.
    fn parse(tag: &'t str) -> Option<Self> {
        let text = tag.strip_prefix('v')?;
        let (version, preview) = text
            .split_once('-')
            .map_or((text, false), |(version, _)| (version, true));
        let plain = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let numbers = version
            .split('.')
            .map(|part| Some(part).filter(plain)?.parse().ok());
        let numbers: Vec<u64> = numbers.collect::<Option<_>>()?;
        Some(Self {
            text,
            numbers: numbers.try_into().ok()?,
            preview,
        })
    }

    fn tags(&self, all: &[String]) -> Result<Vec<Tag>> {
        let [major, minor, _] = self.numbers;
        let mut tags = vec![format!("v{}", self.text)];
        if !self.preview {
            let releases = all
                .iter()
                .filter_map(|tag| Release::parse(tag))
                .filter(|other| !other.preview);
            let later: Vec<[u64; 3]> = releases
                .map(|other| other.numbers)
                .filter(|other| *other > self.numbers)
                .collect();
            if !later.iter().any(|other| other[..2] == [major, minor]) {
                tags.push(format!("{major}.{minor}"));
            }
            if later.is_empty() {
                tags.push("latest".to_owned());
            }
        }
        tags.iter()
            .map(|tag| tag.parse().map_err(|error: String| anyhow!(error)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    fn checkout(here: &[&str], all: &[&str], branch: Option<&str>) -> Checkout {
        let owned = |tags: &[&str]| tags.iter().map(ToString::to_string).collect();
        Checkout {
            revision: COMMIT.to_owned(),
            branch: branch.map(str::to_owned),
            tags_here: owned(here),
            tags: owned(all),
        }
    }

    fn names(checkout: &Checkout, package: &str) -> Vec<String> {
        tags(checkout, package)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn release_gets_three_tags() {
        let release = checkout(&["v0.1.0"], &["v0.1.0"], Some("main"));
        assert_eq!(names(&release, "0.1.0"), ["v0.1.0", "0.1", "latest"]);
    }

    #[test]
    fn older_release_keeps_tags_of_later_one() {
        let all = ["v0.1.9", "v0.1.10", "v0.2.0", "v1.0.0-rc.1", "vnext"];
        assert_eq!(
            names(&checkout(&["v0.1.10"], &all, None), "0.1.10"),
            ["v0.1.10", "0.1"]
        );
        assert_eq!(names(&checkout(&["v0.1.9"], &all, None), "0.1.9"), ["v0.1.9"]);
        assert_eq!(
            names(&checkout(&["v0.2.0"], &all, None), "0.2.0"),
            ["v0.2.0", "0.2", "latest"]
        );
    }

    #[test]
    fn preview_gets_its_own_tag_only() {
        let preview = checkout(&["v1.0.0-rc.1"], &["v1.0.0-rc.1"], None);
        assert_eq!(names(&preview, "1.0.0-rc.1"), ["v1.0.0-rc.1"]);
    }

    #[test]
    fn other_checkout_gets_branch_or_commit() {
        assert_eq!(
            names(&checkout(&[], &["v0.1.0"], Some("fix/a b")), "0.1.0"),
            ["fix-a-b"]
        );
        assert_eq!(
            names(&checkout(&["nightly"], &[], None), "0.1.0"),
            ["commit-0123456789ab"]
        );
    }

    #[test]
    fn changed_checkout_is_no_release() {
        let release = checkout(&["v0.1.0"], &["v0.1.0"], Some("main"));
        let changed = Checkout {
            revision: format!("{COMMIT}-dirty"),
            ..release
        };
        assert_eq!(names(&changed, "0.1.0"), ["main-dirty"]);
        assert_eq!(
            names(
                &Checkout {
                    branch: None,
                    ..changed
                },
                "0.1.0"
            ),
            ["commit-0123456789ab-dirty"]
        );
    }

    #[test]
    fn refuses_release_of_another_version() {
        let error = tags(&checkout(&["v0.2.0"], &[], None), "0.1.0")
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "the tag v0.2.0 is of another version than the package, which is 0.1.0"
        );
    }

    #[test]
    fn only_complete_versions_are_releases() {
        for tag in [
            "0.1.0", "v1", "v1.2", "v1.2.3.4", "v1.2.x", "v1..3", "v+1.2.3", "vv1.2.3",
        ] {
            assert_eq!(Release::parse(tag), None, "{tag}");
        }
    }
}
