//! Calls of the program by other packages: each function compiles it if necessary, runs it once and returns
//! its answer.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Error, Result, anyhow};
use builds::temporary;
use devkit::{package::IMAGE, project::Project};
use flags::values::{ImageName, Platform, Tag};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::reference::{Digest, Reference};

/// A call of the program.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// See [`keep`].
    Keep {
        /// The commit that the images are labelled with.
        revision: String,
        /// The time of everything in them, in seconds after 1970.
        time: u64,
        /// The tag of their index.
        tag: Tag,
    },
    /// See [`create_component`].
    CreateComponent {
        /// The directory of the new layout.
        layout: PathBuf,
        /// The file of the component.
        component: PathBuf,
        /// The commit that the component was made from.
        revision: String,
        /// The time of that commit, in seconds after 1970.
        time: u64,
    },
    /// See [`publish_component`].
    PublishComponent {
        /// The directory of the layout.
        layout: PathBuf,
        /// The digest of the manifest in it.
        manifest: Digest,
        /// The destination.
        target: Tagged,
    },
    /// See [`push_component`].
    PushComponent {
        /// The directory of the layout.
        layout: PathBuf,
        /// The digest of the manifest in it.
        manifest: Digest,
        /// The destination; its tag is not set.
        target: Tagged,
    },
    /// See [`attach`].
    Attach {
        /// The repository.
        repository: Repository,
        /// The image, image index or component.
        subject: Digest,
        /// The documents.
        attachments: Vec<Attachment>,
    },
    /// See [`sign`].
    Sign {
        /// The repository.
        repository: Repository,
        /// The image, image index or component.
        subject: Digest,
        /// The signed text.
        payload: String,
        /// Its signature in Base64.
        signature: String,
    },
    /// See [`find`].
    Find(Tagged),
    /// See [`resolve`].
    Resolve(Tagged),
}

/// The program's answer; an error is the chain of its causes.
pub type Answer<T> = Result<T, Vec<String>>;

/// A tag in a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tagged {
    /// The registry and the repository.
    pub image: ImageName,
    /// The tag.
    pub tag: Tag,
    /// Whether to use plain HTTP for the registry, even if it is not on loopback.
    pub insecure: bool,
}

/// A repository in a registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// The registry and the repository.
    pub image: ImageName,
    /// Whether to use plain HTTP for the registry, even if it is not on loopback.
    pub insecure: bool,
}

/// A document about an image or a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The media type of the document.
    pub media_type: String,
    /// The text.
    pub text: String,
    /// Annotations that a list of attachments shows.
    pub annotations: BTreeMap<String, String>,
}

/// The images of a release in a layout or a registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The image index.
    pub index: Digest,
    /// Each image.
    pub images: BTreeMap<Platform, Digest>,
}

/// The component in a layout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// The digest of the manifest.
    pub manifest: Digest,
    /// The digest of the configuration.
    pub config: Digest,
    /// The digest of the component.
    pub layer: Digest,
}

/// The component in a registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The component.
    pub reference: Reference,
    /// Whether this call published it.
    pub new: bool,
}

/// Makes the images of all platforms from the binaries in `target/dist`, labelled with `revision` and dated
/// `time` seconds after 1970, and an index of them under `tag`, in the layout `target/dist/oci`. Equal
/// binaries give equal digests.
///
/// # Errors
/// Fails if a binary is missing, or an image holds a key or is over its budget.
pub fn keep(project: &Project, revision: &str, time: u64, tag: Tag) -> Result<Kept> {
    call(
        project,
        &Call::Keep {
            revision: revision.to_owned(),
            time,
            tag,
        },
    )
}

/// Writes the component in the file `component` into a new layout, as one made from the commit `revision` at
/// `time`.
///
/// # Errors
/// Fails if the file holds no component, or the layout cannot be written.
pub fn create_component(
    project: &Project,
    layout: &Path,
    component: &Path,
    revision: &str,
    time: u64,
) -> Result<Component> {
    let (layout, component) = (layout.to_owned(), component.to_owned());
    call(
        project,
        &Call::CreateComponent {
            layout,
            component,
            revision: revision.to_owned(),
            time,
        },
    )
}

/// Pushes the component in `layout` and sets the tag. A repeated call sends nothing.
///
/// # Errors
/// Fails if the tag points to other content, because a version is published once; or if the registry cannot
/// be reached or refuses.
pub fn publish_component(
    project: &Project,
    layout: &Path,
    manifest: &Digest,
    target: &Tagged,
) -> Result<Published> {
    let layout = layout.to_owned();
    let manifest = *manifest;
    let target = target.clone();
    call(
        project,
        &Call::PublishComponent {
            layout,
            manifest,
            target,
        },
    )
}

/// Pushes the component in `layout` by its digest, without the tag. A repeated call sends nothing.
///
/// # Errors
/// Fails as [`publish_component`] does, also if the tag points to other content.
pub fn push_component(
    project: &Project,
    layout: &Path,
    manifest: &Digest,
    target: &Tagged,
) -> Result<Published> {
    let layout = layout.to_owned();
    let manifest = *manifest;
    let target = target.clone();
    call(
        project,
        &Call::PushComponent {
            layout,
            manifest,
            target,
        },
    )
}

/// Attaches documents to the image, image index or component with the digest `subject`: each is a manifest that names
/// it. For registries without the referrers API, the tag `sha256-…` lists them. Returns their digests. A repeated call
/// sends no document again.
///
/// # Errors
/// Fails if the subject is not in the registry, or if the registry cannot be reached or refuses.
pub fn attach(
    project: &Project,
    repository: &Repository,
    subject: &Digest,
    attachments: Vec<Attachment>,
) -> Result<Vec<Digest>> {
    let repository = repository.clone();
    let subject = *subject;
    call(
        project,
        &Call::Attach {
            repository,
            subject,
            attachments,
        },
    )
}

/// Stores a signature of `subject` where cosign looks for it, under the tag `sha256-….sig`.
///
/// # Errors
/// Fails if the registry cannot be reached or refuses.
pub fn sign(
    project: &Project,
    repository: &Repository,
    subject: &Digest,
    payload: String,
    signature: String,
) -> Result<Digest> {
    let repository = repository.clone();
    let subject = *subject;
    call(
        project,
        &Call::Sign {
            repository,
            subject,
            payload,
            signature,
        },
    )
}

/// Returns the digest that the tag points to; `None` if the registry has no such tag. Requests permission to
/// push.
///
/// # Errors
/// Fails if the registry cannot be reached, or does not permit a push.
pub fn find(project: &Project, tagged: &Tagged) -> Result<Option<Digest>> {
    call(project, &Call::Find(tagged.clone()))
}

/// Returns the image index that the tag points to, with its images.
///
/// # Errors
/// Fails if there is no such index, or if the registry cannot be reached.
pub fn resolve(project: &Project, tagged: &Tagged) -> Result<Kept> {
    call(project, &Call::Resolve(tagged.clone()))
}

fn call<T: DeserializeOwned>(project: &Project, call: &Call) -> Result<T> {
    let call = serde_json::to_vec(call).context("could not write a call as JSON")?;
    // A document in a call may be longer than an argument can be.
    let directory = temporary::directory()?;
    let file = directory.path().join("call.json");
    fs::write(&file, &call).with_context(|| format!("could not write `{}`", file.display()))?;
    let words = ["call".as_ref(), file.as_os_str()];
    let answer = IMAGE.read(project, words, "call the package `image`")?;
    let answer: Answer<T> =
        serde_json::from_str(&answer).context("could not understand the answer of the package `image`")?;
    answer.map_err(error)
}

/// Returns the error with this chain of causes, the outermost first.
fn error(causes: Vec<String>) -> Error {
    let mut causes = causes.into_iter().rev();
    let innermost = anyhow!(causes.next().unwrap_or_default());
    causes.fold(innermost, Error::context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restores_the_chain_of_causes_of_an_error() {
        let restored = error(["outer", "middle", "inner"].map(str::to_owned).to_vec());
        assert_eq!(
            restored.chain().map(ToString::to_string).collect::<Vec<_>>(),
            ["outer", "middle", "inner"]
        );
    }

    #[test]
    fn calls_survive_their_way_through_json() {
        let tagged = Tagged {
            image: "localhost:5000/clawft".parse().unwrap(),
            tag: "v1".parse().unwrap(),
            insecure: true,
        };
        let calls = [
            Call::Keep {
                revision: "c0ffee".to_owned(),
                time: 7,
                tag: tagged.tag.clone(),
            },
            Call::PublishComponent {
                layout: "oci".into(),
                manifest: Digest::of(b"x"),
                target: tagged.clone(),
            },
            Call::Find(tagged),
        ];
        for call in calls {
            let text = serde_json::to_string(&call).unwrap();
            let back: Call = serde_json::from_str(&text).unwrap();
            assert_eq!(serde_json::to_string(&back).unwrap(), text);
        }
    }
}
