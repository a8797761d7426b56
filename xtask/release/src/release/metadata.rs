//! `release.json`: the contents of a release and how each was built, to check the release or to make it again.
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
//! Nothing in it depends on the time, the machine or the user of the run. It does not list itself or the files
//! that are written after it: `RELEASE_NOTES.md` and `SHA256SUMS`.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result};
use flags::values::Platform;
use image::Digest;
use serde::{Deserialize, Serialize};

/// The name of the file.
pub(super) const FILE_NAME: &str = "release.json";

/// The contents of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Metadata {
    /// Name of the product: `clawft`.
    pub(crate) name: String,
    /// Version, without a `v`.
    pub(crate) version: String,
    /// Address of the repository.
    pub(crate) source: String,
    /// The full commit that everything was made from.
    pub(crate) commit: String,
    /// The commit's time in seconds since 1970, which is the only time in the files.
    pub(crate) time: u64,
    /// The toolchain that made the files.
    pub(crate) toolchain: Toolchain,
    /// The files beside this one, by name.
    pub(crate) files: BTreeMap<String, File>,
    /// The images of `weft`, as in the layout in `target/dist/oci` and in any registry.
    pub(crate) images: Images,
    /// The component in a registry.
    pub(crate) component: Component,
}

/// Everything beside the sources that determines the bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Toolchain {
    /// `rustc --version`.
    pub(crate) rustc: String,
    /// By Rust target: the C library that is linked, and its packager.
    pub(crate) c_libraries: BTreeMap<String, String>,
    /// The other programs that took part, with their versions.
    pub(crate) tools: BTreeMap<String, String>,
}

/// A file of the release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct File {
    /// Kind of the file.
    pub(crate) kind: Kind,
    /// Description for people, as a phrase.
    pub(crate) what: String,
    /// Size in bytes.
    pub(crate) bytes: usize,
    /// Size in bytes after `gzip -9`, unless the file is compressed already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gzip: Option<usize>,
    /// SHA-256 in lower-case hexadecimal.
    pub(crate) sha256: String,
    /// The build of the program in the file, if it holds one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) build: Option<Build>,
}

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// The component for WASI preview 2.
    Component,
    /// The component, compressed.
    CompressedComponent,
    /// The core module for WASI preview 1.
    Module,
    /// A component that hosts of `wasi:http` serve.
    Served,
    /// The C header for hosts that drive the module.
    Header,
    /// An archive with `weft` for one target.
    Archive,
    /// Debian's package of `weft` for one architecture.
    Package,
    /// A script that installs `weft` from the release page.
    Installer,
    /// The licences and notices of the third parties whose code is in the WebAssembly files.
    Notices,
    /// The components of another file, as a CycloneDX document.
    Sbom,
    /// The purpose of every byte of the WebAssembly files.
    Sizes,
}

/// The build of a program: all settings of cargo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Build {
    /// The package with the program.
    pub(crate) package: String,
    /// The program's name in the package.
    pub(crate) program: String,
    /// The Rust target.
    pub(crate) target: String,
    /// The enabled features of the package, in order.
    pub(crate) features: Vec<String>,
    /// Cargo's profile.
    pub(crate) profile: String,
    /// The files after cargo's `--config`, relative to the workspace's root.
    pub(crate) config: Vec<String>,
    /// The flags of rustc that the configuration has for the target.
    pub(crate) flags: Vec<String>,
}

/// Images and their index, by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Images {
    /// The image index, which a tag names.
    pub(crate) index: Digest,
    /// The image of each platform.
    pub(crate) platforms: BTreeMap<Platform, Digest>,
}

/// The blobs of the component in a registry, by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Component {
    /// The manifest, which a tag names.
    pub(crate) manifest: Digest,
    /// The configuration, which describes the component.
    pub(crate) config: Digest,
    /// The layer with the component itself.
    pub(crate) layer: Digest,
}

impl Metadata {
    /// Reads `release.json` in `directory`.
    ///
    /// # Errors
    /// Fails if the file does not exist or is not valid, with the position in it.
    pub(crate) fn read(directory: &Path) -> Result<Self> {
        let path = directory.join(FILE_NAME);
        let bytes = fs::read(&path).with_context(|| {
            format!(
                "could not read `{}`: is `{}` a release?",
                path.display(),
                directory.display()
            )
        })?;
        serde_json::from_slice(&bytes).with_context(|| format!("could not understand `{}`", path.display()))
    }

    /// Returns the text of the file.
    pub(super) fn text(&self) -> Result<String> {
        Ok(format!(
            "{}\n",
            serde_json::to_string_pretty(self).context("could not write the metadata")?
        ))
    }
}
