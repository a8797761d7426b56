//! `release.json`: what a release is made of and how that was made, for whoever wants to check it or make it again.
//!
//! ```json
//! {
//!   "name": "clawft", "version": "0.1.0", "source": "https://…", "commit": "<40 digits>", "time": 1700000000,
//!   "toolchain": { "rustc": "rustc 1.95.0 (…)", "c-libraries": { "wasm32-wasip2": "…" }, "tools": { "wasm-opt": "…" } },
//!   "files": {
//!     "clawft.wasm": {
//!       "kind": "component", "what": "…", "bytes": 117663, "gzip": 53718, "sha256": "<64 digits>",
//!       "build": { "package": "clawft-wasm", "program": "clawft", "target": "wasm32-wasip2", "features": ["wasi-raw"],
//!                  "profile": "release-wasm", "config": [".cargo/size-optimised.toml"], "flags": ["-Zlocation-detail=none"] }
//!     }
//!   },
//!   "images": { "index": "sha256:…", "platforms": { "linux/amd64": "sha256:…" } },
//!   "component": { "manifest": "sha256:…", "config": "sha256:…", "layer": "sha256:…" }
//! }
//! ```
//!
//! Nothing in it depends on when, where or by whom it was written. It lists neither itself nor what is written after it:
//! `RELEASE_NOTES.md` and `SHA256SUMS`.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result};
use flags::values::Platform;
use image::Digest;
use serde::{Deserialize, Serialize};

/// The name of the file.
pub(super) const FILE_NAME: &str = "release.json";

/// Everything that the file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Metadata {
    /// What is released: `clawft`.
    pub(crate) name: String,
    /// Its version, without a `v`.
    pub(crate) version: String,
    /// Where its source is.
    pub(crate) source: String,
    /// The commit that all of it was made from, in full.
    pub(crate) commit: String,
    /// The one time that is in what was made, in seconds since 1970: that of the commit.
    pub(crate) time: u64,
    /// What it was made with.
    pub(crate) toolchain: Toolchain,
    /// The files beside this one, by name.
    pub(crate) files: BTreeMap<String, File>,
    /// The images of `weft`, as the layout in `target/dist/oci` and any registry has them.
    pub(crate) images: Images,
    /// The component as it is kept in a registry.
    pub(crate) component: Component,
}

/// What decides the bytes beside the source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Toolchain {
    /// `rustc --version`.
    pub(crate) rustc: String,
    /// By Rust target: which C library is linked, and by whom it was packaged.
    pub(crate) c_libraries: BTreeMap<String, String>,
    /// The other programs that had a hand in it, with their versions.
    pub(crate) tools: BTreeMap<String, String>,
}

/// A file of the release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct File {
    /// What it is.
    pub(crate) kind: Kind,
    /// The same for people, as a phrase.
    pub(crate) what: String,
    /// Its size.
    pub(crate) bytes: usize,
    /// Its size after `gzip -9`, unless it is compressed already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gzip: Option<usize>,
    /// Its SHA-256 in lower-case hexadecimal.
    pub(crate) sha256: String,
    /// How the program in it was built, of a file that holds one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) build: Option<Build>,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// The component for WASI preview 2.
    Component,
    /// The same, compressed.
    CompressedComponent,
    /// The core module for WASI preview 1.
    Module,
    /// The C header for hosts that drive the module.
    Header,
    /// An archive with `weft` for one target.
    Archive,
    /// What another file is made of, as CycloneDX has it.
    Sbom,
    /// What every byte of the WebAssembly files is for.
    Sizes,
}

/// How a program was built: all that cargo was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Build {
    /// The package, and the program in it.
    pub(crate) package: String,
    /// The program's name there.
    pub(crate) program: String,
    /// The Rust target.
    pub(crate) target: String,
    /// The features of the package that are on, in order.
    pub(crate) features: Vec<String>,
    /// Cargo's profile.
    pub(crate) profile: String,
    /// The files that cargo got with `--config`, from the workspace's root.
    pub(crate) config: Vec<String>,
    /// The flags of rustc that the configuration gives it for the target.
    pub(crate) flags: Vec<String>,
}

/// Images and the list of them, by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Images {
    /// The list: what a tag stands for.
    pub(crate) index: Digest,
    /// The image of each platform.
    pub(crate) platforms: BTreeMap<Platform, Digest>,
}

/// The pieces of the component in a registry, by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Component {
    /// What a tag stands for.
    pub(crate) manifest: Digest,
    /// What is said of the component.
    pub(crate) config: Digest,
    /// The component itself.
    pub(crate) layer: Digest,
}

impl Metadata {
    /// Reads `release.json` in `folder`.
    ///
    /// # Errors
    /// It is not there, or not what it should be: with the place in it.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE_NAME);
        let bytes = fs::read(&path).with_context(|| {
            format!("could not read `{}`: is `{}` a release?", path.display(), folder.display())
        })?;
        serde_json::from_slice(&bytes).with_context(|| format!("could not understand `{}`", path.display()))
    }

    /// The text of the file.
    pub(super) fn text(&self) -> Result<String> {
        Ok(format!("{}\n", serde_json::to_string_pretty(self).context("could not write the metadata")?))
    }
}
