//! The documents that an image is made of, as the OCI image specification has them. Fields are written in the order in which
//! they stand here and maps by key, so equal images are equal bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::reference::Digest;
use crate::cli::values::{Platform, Tag};

/// A list of images, one for each platform.
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// What an image consists of.
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// How an image is run.
pub(super) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// Files, compressed.
pub(super) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// What is said of a component.
pub(super) const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// A component.
pub(super) const WASM_LAYER: &str = "application/wasm";

/// The annotation that gives an image in a layout its tag.
pub(super) const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// Labels, and annotations.
pub(super) type Labels = BTreeMap<String, String>;

/// Something by its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    /// What it is.
    pub(super) media_type: String,
    /// Which it is.
    pub(super) digest: Digest,
    /// Its bytes.
    pub(super) size: u64,
    /// What it runs on, of an image in a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) platform: Option<OsArchitecture>,
    /// What else is said of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: Labels,
}

impl Descriptor {
    /// `bytes` of this type.
    pub(super) fn of(media_type: &str, bytes: &[u8]) -> Self {
        let (digest, size) = (Digest::of(bytes), bytes.len() as u64);
        Self { media_type: media_type.to_owned(), digest, size, platform: None, annotations: Labels::new() }
    }

    /// The same for a list, as that of `platform`.
    pub(super) fn on(self, platform: Platform) -> Self {
        Self { platform: Some(OsArchitecture::of(platform)), annotations: Labels::new(), ..self }
    }

    /// The same for a layout, under `tag`.
    pub(super) fn tagged(&self, tag: &Tag) -> Self {
        let annotations = Labels::from([(REF_NAME.to_owned(), tag.to_string())]);
        Self { annotations, ..self.clone() }
    }
}

/// A platform as OCI's documents have it: any, in two words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OsArchitecture {
    pub(super) architecture: String,
    pub(super) os: String,
}

impl OsArchitecture {
    fn of(platform: Platform) -> Self {
        Self { architecture: platform.architecture().to_owned(), os: "linux".to_owned() }
    }

    /// The platform, if it is one of ours; else what it is in words.
    pub(super) fn platform(&self) -> Result<Platform, String> {
        format!("{}/{}", self.os, self.architecture).parse()
    }
}

/// A list of images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Index {
    pub(super) schema_version: u8,
    /// Some leave it out: where a list is expected it says nothing new.
    #[serde(default)]
    pub(super) media_type: String,
    pub(super) manifests: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: Labels,
}

impl Index {
    /// A list of `manifests`.
    pub(super) fn new(manifests: Vec<Descriptor>, annotations: Labels) -> Self {
        Self { schema_version: 2, media_type: INDEX.to_owned(), manifests, annotations }
    }
}

/// What an image consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    pub(super) schema_version: u8,
    pub(super) media_type: String,
    pub(super) config: Descriptor,
    pub(super) layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: Labels,
}

impl Manifest {
    /// An image of `config` and `layers`.
    pub(super) fn new(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        let (media_type, annotations) = (MANIFEST.to_owned(), Labels::new());
        Self { schema_version: 2, media_type, config, layers, annotations }
    }
}

/// How an image is run, and what its layers are before they are compressed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Image {
    pub(super) architecture: String,
    pub(super) os: String,
    pub(super) created: String,
    pub(super) config: Config,
    pub(super) rootfs: RootFs,
    pub(super) history: Vec<History>,
}

/// How an image is run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Config {
    pub(super) exposed_ports: BTreeMap<String, Map<String, Value>>,
    pub(super) env: Vec<String>,
    pub(super) entrypoint: Vec<String>,
    pub(super) cmd: Vec<String>,
    pub(super) volumes: BTreeMap<String, Map<String, Value>>,
    pub(super) working_dir: String,
    pub(super) labels: Labels,
    /// Not in OCI's specification but Docker's: engines that know it use it, others pass over it.
    pub(super) healthcheck: Healthcheck,
}

/// How an engine finds out whether a container is well. Times are in nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Healthcheck {
    pub(super) test: Vec<String>,
    pub(super) interval: u64,
    pub(super) timeout: u64,
    pub(super) start_period: u64,
    pub(super) retries: u32,
}

/// The layers by the digests of what is in them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RootFs {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) diff_ids: Vec<Digest>,
}

/// Where a layer came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct History {
    pub(super) created: String,
    pub(super) created_by: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) empty_layer: bool,
}
