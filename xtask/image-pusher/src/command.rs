//! The command line.

use std::ffi::OsString;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use oci_client::Reference;

use crate::layout::Layout;

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Command {
    /// What it is about: an image by its digest, or a name by its tag.
    pub(crate) image: Reference,
    /// Whether any registry is asked in plain HTTP.
    pub(crate) insecure: bool,
    /// What is to be done.
    pub(crate) action: Action,
}

/// What is to be done with an image.
#[derive(Debug)]
pub(crate) enum Action {
    /// Push it with all its pieces.
    Push { layout: Layout },
    /// Push it, a list, and set the tags.
    Tag { layout: Layout, tags: Vec<String> },
    /// Say what it is.
    Inspect,
    /// Say what the tag stands for.
    Resolve { tag: String },
    /// Say whether the tag stands for anything yet.
    Find { tag: String },
}

impl Command {
    /// Reads the arguments without the program's own name.
    pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self> {
        let words = arguments.map(|argument| {
            argument.into_string().map_err(|argument| anyhow!("`{}` is not UTF-8", argument.display()))
        });
        let mut words = words.collect::<Result<Vec<_>>>()?;
        let insecure = words.first().is_some_and(|word| word == "--insecure");
        if insecure {
            words.remove(0);
        }
        let (image, action) = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["push", layout, image] => (at_digest(image)?, Action::Push { layout: Layout::at(layout) }),
            ["inspect", image] => (at_digest(image)?, Action::Inspect),
            ["resolve", image] => with_tag(image, |tag| Action::Resolve { tag })?,
            ["find", image] => with_tag(image, |tag| Action::Find { tag })?,
            ["tag", layout, image, ref tags @ ..] if !tags.is_empty() => {
                let tags = tags.iter().map(ToString::to_string).collect();
                (at_digest(image)?, Action::Tag { layout: Layout::at(layout), tags })
            }
            _ => bail!("the arguments are none of those in xtask/image-pusher/src/main.rs"),
        };
        Ok(Self { image, insecure, action })
    }
}

fn reference(text: &str) -> Result<Reference> {
    text.parse().with_context(|| format!("`{text}` is no name of an image"))
}

fn with_tag(text: &str, action: impl FnOnce(String) -> Action) -> Result<(Reference, Action)> {
    let image = reference(text)?;
    let tag = image.tag().with_context(|| format!("`{text}` has no tag"))?.to_owned();
    Ok((image, action(tag)))
}

fn at_digest(text: &str) -> Result<Reference> {
    let image = reference(text)?;
    ensure!(image.digest().is_some(), "`{text}` has no digest");
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn parse(words: &[&str]) -> Result<Command> {
        Command::parse(words.iter().map(OsString::from))
    }

    #[test]
    fn each_command_is_understood() {
        let image = format!("localhost:5000/clawft@{DIGEST}");
        let push = parse(&["push", "oci", &image]).unwrap();
        assert!(matches!(push.action, Action::Push { .. }) && !push.insecure);
        assert_eq!(push.image.digest(), Some(DIGEST));
        let tag = parse(&["--insecure", "tag", "oci", &image, "v1", "latest"]).unwrap();
        assert!(matches!(tag.action, Action::Tag { tags, .. } if tags == ["v1", "latest"]) && tag.insecure);
        assert!(matches!(parse(&["inspect", &image]).unwrap().action, Action::Inspect));
        let resolve = parse(&["resolve", "ghcr.io/clawft/clawft:v1"]).unwrap();
        assert!(matches!(resolve.action, Action::Resolve { tag } if tag == "v1"));
        let find = parse(&["find", "ghcr.io/clawft/clawft-wasm:0.1.0"]).unwrap();
        assert!(matches!(find.action, Action::Find { tag } if tag == "0.1.0"));
    }

    #[test]
    fn anything_else_is_an_error() {
        let image = format!("localhost:5000/clawft@{DIGEST}");
        for words in [&[][..], &["push", "oci"], &["tag", "oci", &image], &["push", "oci", "clawft:v1"]] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }
}
