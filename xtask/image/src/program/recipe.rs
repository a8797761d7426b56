//! The content of an image and its configuration. `Dockerfile.multi-arch` says the same in its own language;
//! a test compares the two.

use anyhow::Result;
use builds::date::rfc3339;
use flags::values::Platform;
use image::Digest;
use oci_spec::image::{
    ANNOTATION_DESCRIPTION, ANNOTATION_LICENSES, ANNOTATION_REVISION, ANNOTATION_SOURCE, ANNOTATION_TITLE,
    ANNOTATION_VERSION, Arch, Config, ConfigBuilder, HistoryBuilder, ImageConfigurationBuilder, Os,
    RootFsBuilder,
};
use serde::Serialize;
use serde_json::Value;

use crate::document::{Labels, unordered};

/// The program, below `/`.
pub(crate) const PROGRAM: &str = "weft";
/// The directory of licences.
pub(crate) const LICENCES: &str = "/licenses";
/// The directory of conversations, configuration and the gateway's token: a volume.
pub(crate) const VOLUME: &str = "/root/.clawft";
/// The port of the gateway.
const PORT: &str = "8080/tcp";
/// `PATH` lets `docker exec` find the program by its name; `HOME` defines `~`, because there is no list of
/// users.
const ENV: [&str; 3] = ["PATH=/", "HOME=/root", "CLAWFT_LISTEN=0.0.0.0:8080"];

const SECOND: u64 = 1_000_000_000;

/// Everything but the binary that decides an image: equal recipes and equal binaries give equal images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recipe {
    /// The labels: author and source.
    pub(crate) labels: Labels,
    /// The time of everything in it, in seconds after 1970.
    pub(crate) epoch: u64,
}

/// An engine's health check of a container, with times in nanoseconds. It is Docker's extension of OCI's
/// specification, which other engines ignore.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Healthcheck {
    test: Vec<String>,
    interval: u64,
    timeout: u64,
    start_period: u64,
    retries: u32,
}

impl Recipe {
    /// Returns the recipe for an image made from this revision of this package.
    pub(crate) fn new(revision: &str, epoch: u64) -> Self {
        let labels = [
            (ANNOTATION_TITLE, "clawft"),
            (
                ANNOTATION_DESCRIPTION,
                "weft, the gateway of the LLM agent clawft",
            ),
            (ANNOTATION_SOURCE, env!("CARGO_PKG_REPOSITORY")),
            (ANNOTATION_LICENSES, env!("CARGO_PKG_LICENSE")),
            (ANNOTATION_VERSION, env!("CARGO_PKG_VERSION")),
            (ANNOTATION_REVISION, revision),
        ];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            labels: labels.into(),
            epoch,
        }
    }

    /// Returns the revision that the image is labelled with.
    pub(crate) fn revision(&self) -> &str {
        self.label(ANNOTATION_REVISION)
    }

    /// Returns the value of a label; empty if there is none.
    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    /// Returns the configuration of the image for `platform` whose only layer is `layer` before it is
    /// compressed.
    pub(crate) fn image(&self, platform: Platform, layer: &Digest) -> Result<Value> {
        let created = rfc3339(self.epoch);
        let history = HistoryBuilder::default()
            .created(created.as_str())
            .created_by("cargo xtask docker")
            .build()?;
        let image = ImageConfigurationBuilder::default()
            .architecture(Arch::from(platform.architecture()))
            .os(Os::Linux)
            .created(created)
            .config(self.config()?)
            .rootfs(
                RootFsBuilder::default()
                    .diff_ids(vec![layer.to_string()])
                    .build()?,
            )
            .history(vec![history])
            .build()?;
        let mut image = serde_json::to_value(image)?;
        image["config"]["Healthcheck"] = serde_json::to_value(healthcheck())?;
        Ok(image)
    }

    /// Returns the part of the configuration that describes how to run the image, except its health check.
    fn config(&self) -> Result<Config> {
        Ok(ConfigBuilder::default()
            .exposed_ports(owned(&[PORT]))
            .env(owned(&ENV))
            .entrypoint(owned(&[&program()]))
            .cmd(owned(&["gateway"]))
            .volumes(owned(&[VOLUME]))
            .working_dir("/")
            .labels(unordered(&self.labels))
            .build()?)
    }
}

fn healthcheck() -> Healthcheck {
    Healthcheck {
        test: owned(&["CMD", &program(), "status"]),
        interval: 30 * SECOND,
        timeout: 5 * SECOND,
        start_period: 10 * SECOND,
        retries: 3,
    }
}

/// Returns the path of the program.
fn program() -> String {
    format!("/{PROGRAM}")
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests;
