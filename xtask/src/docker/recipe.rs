//! What is in an image and how it is run. `Dockerfile.multi-arch` says the same in its own words; a test holds the two
//! against each other.

use std::collections::BTreeMap;

use super::{
    date::rfc3339,
    oci::{Config, Healthcheck, History, Image, Labels, RootFs},
    reference::Digest,
};
use crate::cli::values::Platform;

/// The one file, below `/`.
pub(super) const PROGRAM: &str = "weft";
/// Where conversations, configuration and the gateway's token are kept: a volume.
pub(super) const VOLUME: &str = "/root/.clawft";
/// Where the gateway listens.
const PORT: &str = "8080/tcp";
/// `PATH` has `docker exec` find the program by its name; `HOME` is where `~` is, for there is no list of users to look it up.
const ENV: [&str; 3] = ["PATH=/", "HOME=/root", "CLAWFT_LISTEN=0.0.0.0:8080"];

const SECOND: u64 = 1_000_000_000;

/// What decides an image beside its binary: equal recipes of equal binaries are equal images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recipe {
    /// Who made it from what.
    pub(super) labels: Labels,
    /// The time of everything in it, in seconds after 1970.
    pub(super) epoch: u64,
}

impl Recipe {
    /// The recipe for an image made from this revision of this package.
    pub(super) fn new(revision: &str, epoch: u64) -> Self {
        let labels = [
            ("title", "clawft"),
            ("description", "weft, the gateway of the LLM agent clawft"),
            ("source", env!("CARGO_PKG_REPOSITORY")),
            ("licenses", env!("CARGO_PKG_LICENSE")),
            ("version", env!("CARGO_PKG_VERSION")),
            ("revision", revision),
        ];
        let labels = labels.map(|(name, value)| (label(name), value.to_owned()));
        Self { labels: labels.into(), epoch }
    }

    /// The revision that the image is labelled with.
    pub(super) fn revision(&self) -> &str {
        self.labels.get(&label("revision")).map_or("", String::as_str)
    }

    /// How the image of `platform` is run, whose only layer is `layer` before it is compressed.
    pub(super) fn image(&self, platform: Platform, layer: Digest) -> Image {
        let created = rfc3339(self.epoch);
        let history = History {
            created: created.clone(),
            created_by: "cargo xtask docker".to_owned(),
            empty_layer: false,
        };
        Image {
            architecture: platform.architecture().to_owned(),
            os: "linux".to_owned(),
            created,
            config: self.config(),
            rootfs: RootFs { kind: "layers".to_owned(), diff_ids: vec![layer] },
            history: vec![history],
        }
    }

    /// How it is run on whichever platform.
    pub(super) fn config(&self) -> Config {
        let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        let program = format!("/{PROGRAM}");
        Config {
            exposed_ports: BTreeMap::from([(PORT.to_owned(), Default::default())]),
            env: owned(&ENV),
            entrypoint: owned(&[&program]),
            cmd: owned(&["gateway"]),
            volumes: BTreeMap::from([(VOLUME.to_owned(), Default::default())]),
            working_dir: "/".to_owned(),
            labels: self.labels.clone(),
            healthcheck: Healthcheck {
                test: owned(&["CMD", &program, "status"]),
                interval: 30 * SECOND,
                timeout: 5 * SECOND,
                start_period: 10 * SECOND,
                retries: 3,
            },
        }
    }
}

/// The label that OCI has for `name`.
pub(super) fn label(name: &str) -> String {
    format!("org.opencontainers.image.{name}")
}

#[cfg(test)]
mod tests;
