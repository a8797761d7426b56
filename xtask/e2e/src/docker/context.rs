//! The context of a case: its own repository in the registry, its own directory, and the commands.

use std::{
    fs,
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use builds::files;
use serde_json::{Value, json};
use testkit::{KEY, KEY_VARIABLE, Outcome, TestContext};
use xshell::{Cmd, Shell, cmd};

use super::fixture::Fixture;

/// The maximum time of a command. The first push compiles the package that pushes.
const LIMIT: Duration = Duration::from_secs(600);

/// A builder of images, by its name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Builder {
    Docker,
    Oci,
}

impl Builder {
    /// Returns its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Oci => "oci",
        }
    }
}

/// The context of one case.
#[derive(Debug)]
pub(super) struct ImageContext<'a> {
    pub(super) fixture: &'a Fixture,
    context: TestContext<'a>,
}

impl<'a> ImageContext<'a> {
    /// Makes the context of the case `name`.
    pub(super) fn new(fixture: &'a Fixture, name: &str) -> Result<Self> {
        Ok(Self {
            fixture,
            context: TestContext::new(&fixture.provider, fixture.directory(), name)?,
        })
    }

    /// Returns the image's name. Every run has its own repository, which is empty at first.
    pub(super) fn image(&self) -> String {
        format!("{}/{}", self.fixture.engine.registry, self.repository())
    }

    /// Returns the image's name in the registry that requires a login.
    pub(super) fn locked_image(&self) -> String {
        format!("{}/{}", self.fixture.engine.locked, self.repository())
    }

    fn repository(&self) -> String {
        format!("smoke-{}/{}", process::id(), self.context.label())
    }

    /// Returns a path in the case's directory.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.context.path(name)
    }

    /// Returns the directory of the digests.
    pub(super) fn digests(&self) -> PathBuf {
        self.path("digests")
    }

    /// Runs `cargo xtask docker` for the case's image with the released binaries.
    pub(super) fn xtask(&self, words: &[&str]) -> Result<Outcome> {
        let image = self.image();
        let given: &[&str] = if words.contains(&"--merge") {
            &[]
        } else {
            &["--binaries"]
        };
        let binaries = self.fixture.binaries.display().to_string();
        let given = given
            .iter()
            .copied()
            .chain((!given.is_empty()).then_some(binaries.as_str()));
        let words: Vec<&str> = given
            .chain(["--image", &image])
            .chain(words.iter().copied())
            .collect();
        self.xtask_as_it_is(&words)
    }

    /// Runs `cargo xtask docker` with only `words`, and the case's own directories.
    pub(super) fn xtask_as_it_is(&self, words: &[&str]) -> Result<Outcome> {
        let shell = self.shell()?;
        self.run(self.command(&shell, words))
    }

    /// Returns the command that [`Self::xtask_as_it_is`] runs.
    pub(super) fn command<'s>(&self, shell: &'s Shell, words: &[&str]) -> Cmd<'s> {
        let xtask = &self.fixture.xtask;
        let layout = self.path("oci");
        let digests = self.digests();
        cmd!(
            shell,
            "{xtask} docker {words...} --layout {layout} --digests {digests}"
        )
        .env_remove("CLAWFT_IMAGE")
        .env_remove("SOURCE_DATE_EPOCH")
    }

    /// Pushes all images with `builder` under `tags`, and returns the index as `name@digest`.
    pub(super) fn push(&self, builder: Builder, tags: &[&str]) -> Result<String> {
        let tags = tags.iter().flat_map(|tag| ["--tag", tag]);
        let words: Vec<&str> = ["--push", "--builder", builder.name()]
            .into_iter()
            .chain(tags)
            .collect();
        let outcome = self.xtask(&words)?;
        ensure!(outcome.exit == Some(0), "the push failed");
        let list = outcome.stdout.trim_end().to_owned();
        let digest = list.strip_prefix(&format!("{}@sha256:", self.image()));
        ensure!(
            digest.is_some_and(|digest| digest.len() == 64) && !list.contains('\n'),
            "stdout is not one line `name@sha256:…`"
        );
        Ok(list)
    }

    /// Runs `docker` with `words`.
    pub(super) fn docker(&self, words: &[&str]) -> Result<Outcome> {
        let shell = self.shell()?;
        self.run(cmd!(shell, "docker {words...}").env(KEY_VARIABLE, KEY))
    }

    /// Runs `docker` and returns its output; fails if it does.
    pub(super) fn docker_prints(&self, words: &[&str]) -> Result<String> {
        let outcome = self.docker(words)?;
        ensure!(
            outcome.exit == Some(0),
            "`docker {}` failed: {}",
            words.join(" "),
            outcome.stderr.trim_end()
        );
        Ok(outcome.stdout.trim_end().to_owned())
    }

    /// Returns the document that the registry has under `reference`.
    pub(super) fn raw(&self, reference: &str) -> Result<Value> {
        let raw = self.docker_prints(&["buildx", "imagetools", "inspect", "--raw", reference])?;
        serde_json::from_str(&raw).with_context(|| format!("`{reference}` is not JSON"))
    }

    /// Returns the reference of the document under `tag`, as `name@digest`.
    pub(super) fn under(&self, tag: &str) -> Result<String> {
        let image = self.image();
        let reference = format!("{image}:{tag}");
        // buildx 0.13 prints everything for a template with only the digest.
        let template = "{{json .Manifest}}";
        let found = self.docker_prints(&[
            "buildx",
            "imagetools",
            "inspect",
            "--format",
            template,
            &reference,
        ])?;
        let found: Value = serde_json::from_str(&found).context("buildx printed no JSON")?;
        Ok(format!(
            "{image}@{}",
            found["digest"]
                .as_str()
                .context("the metadata that buildx wrote has no digest")?
        ))
    }

    /// Returns the platforms in the index under `tag`, such as `linux/amd64`.
    pub(super) fn platforms(&self, tag: &str) -> Result<Vec<String>> {
        let list = self.raw(&format!("{}:{tag}", self.image()))?;
        let images = list["manifests"]
            .as_array()
            .context("the tag names no image index")?;
        let word = |image: &Value, name: &str| image["platform"][name].as_str().unwrap_or("?").to_owned();
        Ok(images
            .iter()
            .map(|image| format!("{}/{}", word(image, "os"), word(image, "architecture")))
            .collect())
    }

    /// Checks that the repository has no such tag, so that its content is not visible.
    pub(super) fn has_no_tag(&self, tag: &str) -> Result<()> {
        let found = self.docker(&[
            "buildx",
            "imagetools",
            "inspect",
            &format!("{}:{tag}", self.image()),
        ])?;
        ensure!(found.exit != Some(0), "the tag `{tag}` is there");
        found.said(&["not found"])
    }

    /// Configures a gateway to use the mock provider, and returns the file.
    pub(super) fn configure(&self) -> Result<PathBuf> {
        let config = json!({
            "agents": { "model": "gpt-4o-mini", "stream": true },
            "providers": { "providers": { "openai": {
                "api_base": self.context.api_base("ok"),
                "api_key_env": KEY_VARIABLE,
                "retries": 0,
            } } },
        });
        let path = self.path("config.json");
        fs::write(&path, format!("{config:#}"))
            .with_context(|| format!("could not write `{}`", path.display()))?;
        Ok(path)
    }

    /// Runs `command` with empty standard input.
    pub(super) fn run(&self, command: Cmd<'_>) -> Result<Outcome> {
        self.run_within(command, LIMIT)
    }

    /// Runs `command` with empty standard input, for at most `limit`.
    pub(super) fn run_within(&self, command: Cmd<'_>, limit: Duration) -> Result<Outcome> {
        self.context.run(command, b"", limit)
    }

    /// Runs `command` with the text of the file `input` on its standard input.
    pub(super) fn run_with(&self, command: Cmd<'_>, input: &Path) -> Result<Outcome> {
        self.context.run(command, &files::read(input)?, LIMIT)
    }

    /// Removes the case's images from the engine, which may be the user's own. Failures are ignored.
    pub(super) fn forget_images(&self) {
        let images = self
            .docker_prints(&["images", "--quiet", "--no-trunc", &self.image()])
            .unwrap_or_default();
        let images: Vec<&str> = images.lines().collect();
        if !images.is_empty() {
            let _ = self.docker(&[&["rmi", "--force"], &images[..]].concat());
        }
    }

    /// Returns the evidence of a case that failed: its files.
    pub(super) fn seen(&self) -> Vec<(String, String)> {
        self.context.evidence("oci")
    }

    /// Returns a new shell.
    pub(super) fn shell(&self) -> Result<Shell> {
        self.fixture.shell()
    }
}

/// Checks that the command ended with 1, printed nothing on standard output, and has all of `parts` on standard
/// error.
pub(super) fn failed(outcome: &Outcome, parts: &[&str]) -> Result<()> {
    ensure!(
        outcome.exit == Some(1),
        "exit code {:?}, expected 1",
        outcome.exit
    );
    ensure!(
        outcome.stdout.is_empty(),
        "printed something on stdout before it failed"
    );
    outcome.said(parts)
}
