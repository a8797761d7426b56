//! The compose files of `docs/deploy/`, as users start them.

use std::{fs, path::PathBuf, thread, time::Duration};

use anyhow::{Context as _, Result, ensure};
use testkit::{Outcome, http};

use super::{container::free_port, context::ImageContext};

/// The token that the compose files pass to the gateway.
pub(super) const TOKEN: &str = "tk-Hd4KqW8zVb2NfYx6RmTs9LcJpGe7Ua3X";

/// A directory with a compose file, the other files that it needs, and the settings in `.env`.
#[derive(Debug)]
pub(super) struct Deployment<'t, 'f> {
    test: &'t ImageContext<'f>,
    directory: PathBuf,
    file: &'static str,
    /// Name of the project, with which the names of its containers begin.
    pub(super) project: String,
    /// Host and port that are published.
    pub(super) published: String,
    /// Variables in `.env` beside the image.
    settings: String,
}

impl<'t, 'f> Deployment<'t, 'f> {
    /// Copies the compose file `file` and `others` from `docs/deploy/`. The gateway's image is the case's, with `tag`;
    /// `more` are variables of this compose file alone.
    pub(super) fn new(
        test: &'t ImageContext<'f>,
        file: &'static str,
        others: &[&str],
        tag: &str,
        more: &[(&str, &str)],
    ) -> Result<Self> {
        let directory = test.path("deployed");
        fs::create_dir_all(&directory)?;
        for name in [&[file], others].concat() {
            fs::copy(
                test.fixture.root.join("docs/deploy").join(name),
                directory.join(name),
            )?;
        }
        let port = free_port()?;
        let published = format!("127.0.0.1:{port}");
        let settings = [
            ("CLAWFT_PUBLISH", published.as_str()),
            ("OPENAI_API_KEY", "none"),
            ("CLAWFT_TOKEN", TOKEN),
        ];
        let settings = [&settings, more].concat();
        let settings = settings.iter().map(|(name, value)| format!("{name}={value}\n"));
        let settings = settings.collect();
        let deployment = Self {
            test,
            directory,
            file,
            project: format!("clawft-smoke-{port}"),
            published,
            settings,
        };
        deployment.choose_image(tag)?;
        Ok(deployment)
    }

    /// Makes `tag` of the case's image the one that starts next.
    pub(super) fn choose_image(&self, tag: &str) -> Result<()> {
        let image = self.test.image();
        let settings = format!("CLAWFT_IMAGE={image}:{tag}\n{}", self.settings);
        fs::write(self.directory.join(".env"), settings).context("could not write `.env`")
    }

    /// Returns the path of the gateway's configuration, which does not exist at first.
    pub(super) fn config(&self) -> PathBuf {
        self.directory.join("config.json")
    }

    /// Runs `docker compose` with `words`.
    pub(super) fn compose(&self, words: &[&str]) -> Result<Outcome> {
        let file = self.directory.join(self.file).display().to_string();
        let place = ["compose", "--file", &file, "--project-name", &self.project];
        self.test.docker(&[&place, words].concat())
    }

    /// Runs `docker compose`, which has to succeed, and returns what it prints.
    pub(super) fn succeeds(&self, words: &[&str]) -> Result<String> {
        let outcome = self.compose(words)?;
        ensure!(
            outcome.exit == Some(0),
            "`docker compose {}` failed: {}",
            words.join(" "),
            outcome.stderr
        );
        Ok(outcome.stdout)
    }

    /// Removes all of it, and adds the end of its log to an error in `tried`.
    pub(super) fn end(&self, tried: Result<()>) -> Result<()> {
        let log = self.succeeds(&["logs", "--no-color", "--tail", "30"])?;
        self.succeeds(&["down", "--volumes"])?;
        tried.map_err(|error| error.context(format!("its log says `{log}`")))
    }

    /// Waits until the gateway answers a client with the token, and checks that it refuses one without.
    pub(super) fn is_ready(&self) -> Result<()> {
        let status = |token| http::get(&self.published, "/v1/models", token).map(|response| response.status);
        for _ in 0..100 {
            if let Ok(status) = status(Some(TOKEN)) {
                ensure!(status == 200, "with the token it answers {status}");
                break;
            }
            thread::sleep(Duration::from_millis(200));
        }
        let without = status(None)?;
        ensure!(without == 401, "without a token it answers {without}");
        Ok(())
    }
}
