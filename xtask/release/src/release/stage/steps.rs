//! The commands of each stage, as pure functions of the release.

use anyhow::Result;
use flags::values::{Artifact, ImageName};
use image::Reference;

use super::super::{metadata::Metadata, published::Published, request::component_name};
use crate::dist;

/// The file that cosign writes beside the checksums.
pub(in crate::release) const SIGNATURE: &str = "SHA256SUMS.sigstore.json";

/// The signature of the checksums with a key, in Base64, as cosign reads it.
pub(in crate::release) const KEY_SIGNATURE: &str = "SHA256SUMS.sig";

/// The issuer of the certificates of workflows.
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// The release workflow, by its path in the repository.
const WORKFLOW: &str = ".github/workflows/release.yml";

/// A program with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Completes the sentence "could not …".
    pub(super) purpose: String,
    /// The program and its arguments.
    pub(super) words: Vec<String>,
    /// The expected beginning of its output, if any.
    pub(super) prints: Option<String>,
}

/// The parts of a release that other programs need.
#[derive(Clone, Debug)]
pub(super) struct Release {
    pub(super) version: String,
    /// Owner and name on GitHub.
    repository: String,
    pub(super) image: ImageName,
    /// The image index.
    pub(super) index: Reference,
    /// The image of each platform.
    images: Vec<Reference>,
    pub(super) component: ImageName,
    /// The component.
    artifact: Reference,
}

impl Release {
    /// Reads `metadata`, with the names in registries.
    ///
    /// # Errors
    /// Fails if the name of the image is too long for a suffix.
    pub(super) fn new(metadata: &Metadata, image: &ImageName) -> Result<Self> {
        let component = component_name(Some(image))?;
        Ok(Self {
            version: metadata.version.clone(),
            repository: repository(&image::repository(&metadata.source)).to_owned(),
            image: image.clone(),
            index: Reference::new(image, &metadata.images.index),
            images: metadata
                .images
                .platforms
                .values()
                .map(|digest| Reference::new(image, digest))
                .collect(),
            artifact: Reference::new(&component, &metadata.component.manifest),
            component,
        })
    }

    /// Does the same for what was pushed of the release.
    ///
    /// # Errors
    /// Fails if the name of the image is too long for a suffix.
    pub(super) fn pushed(metadata: &Metadata, published: &Published) -> Result<Self> {
        let image = &published.image;
        Ok(Self {
            index: Reference::new(image, &published.index),
            images: published
                .images
                .values()
                .map(|digest| Reference::new(image, digest))
                .collect(),
            ..Self::new(metadata, image)?
        })
    }

    /// Returns the step that succeeds if the release page exists.
    pub(super) fn has_page(&self) -> Step {
        let tag = format!("v{}", self.version);
        step(
            "look for the release page",
            &["gh", "release", "view", &tag, "--repo", &self.repository],
        )
    }

    /// Returns the step that replaces the files `names` on an existing release page.
    pub(super) fn upload(&self, names: &[String]) -> Step {
        let tag = format!("v{}", self.version);
        let mut words = vec![
            "gh",
            "release",
            "upload",
            &tag,
            "--repo",
            &self.repository,
            "--clobber",
        ];
        words.extend(names.iter().map(String::as_str));
        step("replace the files of the release page", &words)
    }

    /// Returns the step that prints the address of the release page.
    pub(super) fn page_address(&self) -> Step {
        let tag = format!("v{}", self.version);
        let words = [
            "gh",
            "release",
            "view",
            &tag,
            "--repo",
            &self.repository,
            "--json",
            "url",
            "--jq",
            ".url",
        ];
        step("ask for the address of the release page", &words)
    }

    /// Returns the steps that sign the checksums, the image index with its images, and the component; everything
    /// by its digest.
    pub(super) fn signing(&self) -> Vec<Step> {
        let sign = ["cosign", "sign", "--yes"];
        vec![
            step(
                "sign the checksums",
                &["cosign", "sign-blob", "--yes", "--bundle", SIGNATURE, dist::SUMS],
            ),
            step(
                "sign the images",
                &[&sign[..], &["--recursive", &self.index.to_string()]].concat(),
            ),
            step(
                "sign the component",
                &[&sign[..], &[&self.artifact.to_string()]].concat(),
            ),
        ]
    }

    /// Returns the files of `sums` and everything in the registry: a line each, with SHA-256 and name.
    pub(super) fn subjects(&self, sums: &str) -> String {
        let references = [&self.index]
            .into_iter()
            .chain(&self.images)
            .chain([&self.artifact]);
        let line =
            |reference: &Reference| dist::sum_line(&reference.digest.hex(), &reference.name.to_string());
        references.fold(sums.to_owned(), |text, reference| text + &line(reference))
    }

    /// Returns the step that makes the release page, with the files `names`. `gh` publishes it once all of them
    /// are there.
    pub(super) fn page(&self, names: &[String]) -> Step {
        let (tag, title) = (format!("v{}", self.version), format!("clawft {}", self.version));
        let mut words = vec![
            "gh",
            "release",
            "create",
            &tag,
            "--repo",
            &self.repository,
            "--verify-tag",
        ];
        words.extend(["--title", &title, "--notes-file", "RELEASE_NOTES.md"]);
        words.extend(self.version.contains('-').then_some("--prerelease"));
        words.extend(names.iter().map(String::as_str));
        step("make the release page", &words)
    }

    /// Returns the steps that check the signatures and attestations, in the directory with the files of the page.
    pub(super) fn signatures(&self) -> Vec<Step> {
        let identity = format!(
            "https://github.com/{}/{WORKFLOW}@refs/tags/v{}",
            self.repository, self.version
        );
        let signer = [
            "--certificate-identity",
            &identity,
            "--certificate-oidc-issuer",
            ISSUER,
        ];
        let workflow = format!("{}/{WORKFLOW}", self.repository);
        let attested = |what: &str, subject: &str| {
            let words = ["gh", "attestation", "verify", subject, "--repo", &self.repository];
            step(
                &format!("find an attestation of {what}"),
                &[&words[..], &["--signer-workflow", &workflow]].concat(),
            )
        };
        let signed = |what: &str, reference: &Reference| {
            let reference = reference.to_string();
            let words = [&["cosign", "verify"], &signer[..], &[&reference]].concat();
            step(&format!("find a signature of {what}"), &words)
        };
        vec![
            step(
                "find a signature of the checksums",
                &[
                    &["cosign", "verify-blob", "--bundle", SIGNATURE],
                    &signer[..],
                    &[dist::SUMS],
                ]
                .concat(),
            ),
            signed("the images", &self.index),
            signed("the component", &self.artifact),
            attested("the component", Artifact::Component.file_name()),
            attested("the images", &format!("oci://{}", self.index)),
        ]
    }

    /// Returns the step that gets the image of this machine's platform by its tag and runs it.
    pub(super) fn image_runs(&self) -> Step {
        let image = format!("{}:v{}", self.image, self.version);
        let run = step(
            "run the image",
            &["docker", "run", "--rm", "--pull", "always", &image, "--version"],
        );
        Step {
            prints: Some(format!("weft {}", self.version)),
            ..run
        }
    }

    /// Returns the step that gets the component by its tag, into `file`.
    pub(super) fn component_comes(&self, file: &str) -> Step {
        let component = format!("{}:{}", self.component, self.version);
        step(
            "pull the component",
            &["wkg", "oci", "pull", "--output", file, &component],
        )
    }

    /// Returns the step that runs the component in `file`.
    pub(super) fn component_runs(&self, file: &str) -> Step {
        let run = step(
            "run the component",
            &["wasmtime", "run", "-S", "http", file, "--version"],
        );
        Step {
            prints: Some(format!("clawft {}", self.version)),
            ..run
        }
    }
}

/// Returns the step that downloads all files of the release page of `version` into `directory`.
pub(super) fn download(source: &str, version: &str, directory: &str) -> Step {
    let tag = format!("v{version}");
    let words = [
        "gh",
        "release",
        "download",
        &tag,
        "--repo",
        repository(source),
        "--dir",
        directory,
    ];
    step("download the release", &words)
}

/// Returns the owner and name of a repository on GitHub, by its address.
fn repository(source: &str) -> &str {
    source
        .trim_start_matches("https://github.com/")
        .trim_end_matches(".git")
}

fn step(purpose: &str, words: &[&str]) -> Step {
    Step {
        purpose: purpose.to_owned(),
        words: words.iter().map(ToString::to_string).collect(),
        prints: None,
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs};

    use flags::values::Platform;
    use image::Digest;

    use super::*;

    fn release(version: &str) -> Release {
        let image: ImageName = "ghcr.io/clawft/clawft".parse().unwrap();
        let metadata = Metadata {
            name: "clawft".to_owned(),
            version: version.to_owned(),
            source: "https://github.com/clawft/clawft".to_owned(),
            commit: "c0ffee".to_owned(),
            time: 0,
            toolchain: Default::default(),
            files: BTreeMap::new(),
            images: super::super::super::metadata::Images {
                index: Digest::of(b"index"),
                platforms: Platform::ALL
                    .into_iter()
                    .map(|p| (p, Digest::of(p.to_string().as_bytes())))
                    .collect(),
            },
            component: super::super::super::metadata::Component {
                manifest: Digest::of(b"manifest"),
                config: Digest::of(b"config"),
                layer: Digest::of(b"layer"),
            },
        };
        Release::new(&metadata, &image).unwrap()
    }

    fn lines(steps: &[Step]) -> Vec<String> {
        steps.iter().map(|step| step.words.join(" ")).collect()
    }

    #[test]
    fn signs_digests_and_never_tags() {
        let release = release("1.2.3");
        let signing = lines(&release.signing());
        assert_eq!(
            signing[0],
            "cosign sign-blob --yes --bundle SHA256SUMS.sigstore.json SHA256SUMS"
        );
        assert_eq!(
            signing[1],
            format!("cosign sign --yes --recursive {}", release.index)
        );
        assert_eq!(signing[2], format!("cosign sign --yes {}", release.artifact));
        assert!(
            signing[1..].iter().all(|line| line.contains("@sha256:")),
            "{signing:?}"
        );
    }

    #[test]
    fn attests_everything_that_is_published() {
        let release = release("1.2.3");
        let subjects = release.subjects("00  clawft.wasm\n");
        let lines: Vec<&str> = subjects.lines().collect();
        assert_eq!(lines.len(), 1 + 1 + Platform::ALL.len() + 1);
        assert_eq!(lines[0], "00  clawft.wasm");
        assert_eq!(
            lines[1],
            format!("{}  ghcr.io/clawft/clawft", Digest::of(b"index").hex())
        );
        let component = format!("{}  ghcr.io/clawft/clawft-wasm", Digest::of(b"manifest").hex());
        assert_eq!(lines.last(), Some(&component.as_str()));
    }

    #[test]
    fn marks_preview_on_the_page() {
        let names = ["clawft.wasm".to_owned(), dist::SUMS.to_owned()];
        let page = release("1.2.3").page(&names).words.join(" ");
        assert_eq!(
            page,
            "gh release create v1.2.3 --repo clawft/clawft --verify-tag --title clawft 1.2.3 \
             --notes-file RELEASE_NOTES.md clawft.wasm SHA256SUMS"
        );
        assert!(
            release("1.2.3-rc.1")
                .page(&names)
                .words
                .contains(&"--prerelease".to_owned())
        );
    }

    /// Users who follow the document check a release with the commands of these steps.
    #[test]
    fn document_has_every_checking_command() {
        let root = devkit::project::root().unwrap();
        let document = fs::read_to_string(root.join("docs/verify.md")).unwrap();
        // Continued lines are one command, and quotes belong to the shell.
        let document = document.replace("\\\n", "").replace(['"', '\''], "");
        let shown: Vec<String> = document
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        let release = release("$version");
        let mut steps = vec![download(
            "https://github.com/clawft/clawft",
            "$version",
            "clawft-release",
        )];
        steps.extend(release.signatures());
        steps.extend([release.image_runs(), release.component_comes("pulled.wasm")]);
        steps.push(release.component_runs("pulled.wasm"));
        for line in lines(&steps) {
            let line = line
                .replace(&release.index.digest.to_string(), "$images")
                .replace(&release.artifact.digest.to_string(), "$component");
            assert!(
                shown.contains(&format!("$ {line}")),
                "docs/verify.md has no line\n$ {line}"
            );
        }
    }
}
