//! The request, in closed types: after parsing, no value is free text.

use std::{
    io::{self, Read},
    path::{Path, PathBuf, absolute},
};

use anyhow::{Context as _, Result, bail, ensure};
use devkit::{project::Project, ui};
use flags::{
    Builder, Docker,
    values::{ImageName, Platform, Tag},
};
use image::{image_name, layout};

use crate::{
    checkout::Checkout,
    daemon,
    registry::{Access, Login},
    tags,
};

/// A valid request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The name of the images.
    pub(crate) image: ImageName,
    /// The builder of the images.
    pub(crate) builder: Builder,
    /// The goal.
    pub(crate) goal: Goal,
    /// Whether a platform may be missing.
    pub(crate) allow_partial: bool,
    /// The access to the registry: protocol, certificates and login.
    pub(crate) access: Access,
    /// The directory of digests, for writing and reading.
    pub(crate) digests: PathBuf,
    /// The directory of the layout.
    pub(crate) layout: PathBuf,
    /// The directory of the binaries, if they are not to be built.
    pub(crate) binaries: Option<PathBuf>,
}

/// The goal of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Images on this machine, with these tags.
    Keep(Vec<Platform>, Vec<Tag>),
    /// Images in the registry, each with its digest only: one machine's part of a release.
    Push(Vec<Platform>),
    /// All images in the registry, and an image index of them with these tags.
    Publish(Vec<Tag>),
    /// An image index of the images that others pushed, with these tags.
    Merge(Vec<Tag>),
}

impl Goal {
    /// Returns the tags to set.
    pub(crate) fn tags(&self) -> &[Tag] {
        match self {
            Self::Keep(_, tags) | Self::Publish(tags) | Self::Merge(tags) => tags,
            Self::Push(_) => &[],
        }
    }

    /// Returns the platforms of the request.
    pub(crate) fn platforms(&self) -> &[Platform] {
        match self {
            Self::Keep(platforms, _) | Self::Push(platforms) => platforms,
            Self::Publish(_) | Self::Merge(_) => &Platform::ALL,
        }
    }
}

impl Request {
    /// Reads the flags; `checkout` has the default tags.
    ///
    /// # Errors
    /// Fails if no default tag can be found; or if the selected engine does not answer.
    pub(crate) fn new(project: &Project, flags: &Docker, checkout: Option<&Checkout>) -> Result<Self> {
        let image = image_name(flags.image.as_ref())?;
        let goal = goal(flags, checkout)?;
        let builder = match flags.builder {
            Some(builder) => builder,
            None => daemon::choose(project)?,
        };
        let access = access(flags, builder)?;
        let directory = |chosen: &Option<PathBuf>, name| match chosen {
            Some(directory) => whole(directory),
            None => Ok(project.dist.join(name)),
        };
        let digests = directory(&flags.digests, "digests")?;
        let layout = directory(&flags.layout, layout::DIRECTORY)?;
        let binaries = flags.binaries.as_deref().map(whole).transpose()?;
        let allow_partial = flags.allow_partial;
        Ok(Self {
            image,
            builder,
            goal,
            allow_partial,
            access,
            digests,
            layout,
            binaries,
        })
    }
}

/// Reads how the registry is spoken to, with the password on standard input.
fn access(flags: &Docker, builder: Builder) -> Result<Access> {
    let own = [
        (
            flags.insecure,
            "--insecure",
            "the engine's configuration names the registries that are reached in plain HTTP",
        ),
        (
            flags.insecure_skip_verify,
            "--insecure-skip-verify",
            "the engine's configuration names the trusted certificates",
        ),
        (
            flags.ca_file.is_some(),
            "--ca-file",
            "the engine's configuration names the trusted certificates",
        ),
        (
            flags.username.is_some(),
            "--username",
            "`docker login` stores the login",
        ),
        (
            flags.untagged,
            "--untagged",
            "the Docker engine pushes images with their tags only",
        ),
    ];
    if let (Some((_, flag, reason)), Builder::Docker) = (own.iter().find(|(given, ..)| *given), builder) {
        bail!("`{flag}` works with `--builder oci` only: {reason}");
    }
    let login = match &flags.username {
        Some(username) if !flags.dry_run => Some(Login::Password {
            username: username.clone(),
            password: password(io::stdin())?,
        }),
        _ => None,
    };
    let ca_file = flags.ca_file.as_deref().map(whole).transpose()?;
    Ok(Access {
        insecure: flags.insecure,
        ca_file,
        skip_verify: flags.insecure_skip_verify,
        login,
    })
}

/// Reads a password from `input`, without the line break at its end.
fn password(mut input: impl Read) -> Result<String> {
    let mut text = String::new();
    input
        .read_to_string(&mut text)
        .context("could not read the password from standard input")?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    ensure!(!password.is_empty(), "there is no password on standard input");
    Ok(password.to_owned())
}

/// `path` from the root on: other programs stand elsewhere than the user does.
fn whole(path: &Path) -> Result<PathBuf> {
    absolute(path).with_context(|| format!("bad path `{}`", path.display()))
}

fn goal(flags: &Docker, checkout: Option<&Checkout>) -> Result<Goal> {
    let mut platforms = flags.platforms.clone();
    platforms.sort();
    platforms.dedup();
    if flags.push && !platforms.is_empty() {
        if !flags.tags.is_empty() {
            ui::warn("`--tag` does nothing here: with `--platform` no tag moves, which `--merge` does later");
        }
        return Ok(Goal::Push(platforms));
    }
    if flags.untagged {
        ensure!(
            flags.push || flags.merge,
            "`--untagged` is for `--push` and `--merge`: images on this machine are found by their tags"
        );
        return Ok(if flags.merge {
            Goal::Merge(Vec::new())
        } else {
            Goal::Publish(Vec::new())
        });
    }
    let tags = chosen_tags(flags, checkout)?;
    Ok(match (flags.merge, flags.push) {
        (true, _) => Goal::Merge(tags),
        (_, true) => Goal::Publish(tags),
        _ if platforms.is_empty() => Goal::Keep(Platform::ALL.to_vec(), tags),
        _ => Goal::Keep(platforms, tags),
    })
}

fn chosen_tags(flags: &Docker, checkout: Option<&Checkout>) -> Result<Vec<Tag>> {
    if flags.tags.is_empty() {
        let checkout = checkout.context("these sources are not in git, so name a tag with `--tag`")?;
        return tags::tags(checkout, env!("CARGO_PKG_VERSION"));
    }
    let mut tags: Vec<Tag> = Vec::new();
    for tag in &flags.tags {
        if !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Alone {
        #[command(flatten)]
        docker: Docker,
    }

    fn flags(words: &[&str]) -> Docker {
        Alone::try_parse_from(["docker"].iter().chain(words))
            .unwrap()
            .docker
    }

    fn goal_of(words: &[&str]) -> Goal {
        goal(&flags(words), None).unwrap()
    }

    fn tag(text: &str) -> Vec<Tag> {
        vec![text.parse().unwrap()]
    }

    #[test]
    fn flags_select_the_goal() {
        let all = Platform::ALL.to_vec();
        assert_eq!(goal_of(&["--tag", "x"]), Goal::Keep(all.clone(), tag("x")));
        assert_eq!(goal_of(&["--tag", "x", "--push"]), Goal::Publish(tag("x")));
        assert_eq!(
            goal_of(&["--tag", "x", "--tag", "x", "--merge"]),
            Goal::Merge(tag("x"))
        );
        let arm = ["--platform", "linux/arm64"];
        assert_eq!(
            goal_of(&[&arm[..], &["--push"]].concat()),
            Goal::Push(vec![Platform::Arm64])
        );
        assert_eq!(
            goal_of(&[&arm[..], &["--tag", "x"]].concat()),
            Goal::Keep(vec![Platform::Arm64], tag("x"))
        );
        assert_eq!(goal_of(&["--push", "--untagged"]), Goal::Publish(vec![]));
        assert_eq!(goal_of(&["--merge", "--untagged"]), Goal::Merge(vec![]));
        assert!(goal(&flags(&["--untagged"]), None).is_err());
        let both = ["--push", "--platform", "linux/arm64", "--platform", "linux/amd64"];
        assert_eq!(goal_of(&both), Goal::Push(all));
    }

    #[test]
    fn reads_a_password_without_its_line_break() {
        let read = |text: &str| password(text.as_bytes());
        for text in [" p w ", " p w \n", " p w \r\n"] {
            assert_eq!(read(text).unwrap(), " p w ");
        }
        assert_eq!(
            read("\n").unwrap_err().to_string(),
            "there is no password on standard input"
        );
    }

    #[test]
    fn without_git_a_tag_has_to_be_named() {
        assert!(
            goal(&flags(&["--push"]), None)
                .unwrap_err()
                .to_string()
                .contains("`--tag`")
        );
        assert!(goal(&flags(&["--push", "--platform", "linux/arm64"]), None).is_ok());
    }
}
