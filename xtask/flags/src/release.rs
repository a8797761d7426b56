//! `release` as data.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::values::ImageName;

/// Make everything that a release page and a registry get, and check it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask release --dry-run                    all of it, without a tag and without a push
  cargo xtask release                              the same, and the tag vX.Y.Z at the end
  cargo xtask release --push --artifacts DIR       as a workflow does it: with archives of other
                                                   machines, and the component pushed
  cargo xtask release --verify target/dist/release make it again elsewhere, and compare every byte

It takes a clean checkout, a section of CHANGELOG.md for the version, and no tag vX.Y.Z elsewhere.
What `cargo xtask ci` has not yet passed for this commit is run first.

Writes target/dist/release/: the component, the module with its header, archives, an SBOM of each,
release.json, size.json, RELEASE_NOTES.md, SHA256SUMS. With --push, the component goes to NAME-wasm
as a Wasm OCI artifact, and NAME-wasm@sha256:… is printed alone on stdout; images are pushed by
`cargo xtask docker --push`.")]
pub struct Release {
    /// Do all but tag and push
    #[arg(long)]
    pub dry_run: bool,
    /// Push the component to the registry, tagged X.Y.Z
    #[arg(long)]
    pub push: bool,
    /// Leave out what `cargo xtask ci` has not yet passed for this commit
    #[arg(long)]
    pub skip_checks: bool,
    /// A folder with archives that other machines made of the same commit
    #[arg(long, value_name = "DIR")]
    pub artifacts: Option<PathBuf>,
    /// The name of the images, to which `-wasm` is added [default: as of `cargo xtask docker`]
    #[arg(long, value_name = "NAME", env = "CLAWFT_IMAGE", hide_env_values = true)]
    pub image: Option<ImageName>,
    /// Speak plain HTTP to the registry, wherever it is
    #[arg(long)]
    pub insecure: bool,
    /// Make the release in DIR again, from its commit and in another place, and compare every byte
    #[arg(long, value_name = "DIR",
           conflicts_with_all = ["dry_run", "push", "skip_checks", "artifacts", "insecure", "json"])]
    pub verify: Option<PathBuf>,
    /// What comes after the push, one stage after the other, in the workflow of a release
    #[arg(long, value_enum, value_name = "STAGE",
           conflicts_with_all = ["dry_run", "push", "skip_checks", "artifacts", "insecure", "verify", "json"])]
    pub stage: Option<Stage>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// What comes after the push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// Sign target/dist/release and what was pushed with cosign, as the workflow that runs; writes target/dist/SUBJECTS
    Sign,
    /// Make the release page with all files of target/dist/release, and print its address
    Page,
    /// Get what was published as anyone can, check it, and run it
    Check,
}
