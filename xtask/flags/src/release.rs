//! The flags of `release`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::values::ImageName;

/// Make and check everything for a release page and a registry
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask release --dry-run                    everything but the tag and the push
  cargo xtask release                              the same, and the tag vX.Y.Z at the end
  cargo xtask release --push --artifacts DIR       as the workflow does: with archives of other
                                                   machines, and the component pushed
  cargo xtask release --verify target/dist/release make it again elsewhere, and compare every byte

Needs a clean checkout, a section of CHANGELOG.md for the version, and no tag vX.Y.Z elsewhere.
Steps of `cargo xtask ci` that have not yet passed for this commit are run first.

Writes target/dist/release/: the component, the module with its header, archives, an SBOM of each,
release.json, size.json, RELEASE_NOTES.md, SHA256SUMS. With --push, the component goes to NAME-wasm
as a Wasm OCI artifact, and only NAME-wasm@sha256:… is printed on stdout; images are pushed by
`cargo xtask docker --push`.")]
pub struct Release {
    /// Do everything but tag and push
    #[arg(long)]
    pub dry_run: bool,
    /// Push the component to the registry by its digest; `--stage tag` tags it later
    #[arg(long)]
    pub push: bool,
    /// Skip the checks that have not yet passed for this commit
    #[arg(long)]
    pub skip_checks: bool,
    /// A directory of archives that other machines made of the same commit
    #[arg(long, value_name = "DIR")]
    pub artifacts: Option<PathBuf>,
    /// The image name, to which `-wasm` is added [default: that of `cargo xtask docker`]
    #[arg(long, value_name = "NAME", env = "CLAWFT_IMAGE", hide_env_values = true)]
    pub image: Option<ImageName>,
    /// Use plain HTTP for the registry, wherever it is
    #[arg(long)]
    pub insecure: bool,
    /// Make the release in DIR again, from its commit and in another directory, and compare every byte
    #[arg(long, value_name = "DIR",
           conflicts_with_all = ["dry_run", "push", "skip_checks", "artifacts", "insecure", "json"])]
    pub verify: Option<PathBuf>,
    /// Run a stage after the push, as the release workflow does
    #[arg(long, value_enum, value_name = "STAGE",
           conflicts_with_all = ["dry_run", "push", "skip_checks", "artifacts", "insecure", "verify", "json"])]
    pub stage: Option<Stage>,
    /// Sign with this private key, a PEM file, and with openssl; with `--stage sign` only
    #[arg(long, value_name = "FILE", requires = "stage")]
    pub key: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// The stages after the push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// Attach an SBOM and a provenance to each image, to their index and to the component in the registry
    Attest,
    /// Sign target/dist/release and the pushed images with cosign, as the running workflow; writes
    /// target/dist/SUBJECTS
    Sign,
    /// Tag the component in the registry X.Y.Z; `cargo xtask docker --merge` moves the tags of images
    Tag,
    /// Make the release page with all files of target/dist/release, and print its address
    Page,
    /// Download the release as any user can, check it, and run it
    Check,
}
