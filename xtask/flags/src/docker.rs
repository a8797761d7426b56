//! The flags of `docker`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::values::{ImageName, Platform, Tag};

/// Make images of `weft`, and one tag that resolves to the right image on every architecture
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask docker                                 all images, kept on this machine
  cargo xtask docker --push                          all images, pushed, and a tagged image index
  cargo xtask docker --push --platform linux/arm64   one image, pushed by digest; no tag moves
  cargo xtask docker --merge --digests DIR           a tagged index of the images that others pushed
  cargo xtask docker --push --dry-run                the steps, without running them

Tags: a clean checkout of the tag vX.Y.Z gives vX.Y.Z, X.Y and latest, anything else its branch or
commit. Tags move last, when everything else is in place. Prints only NAME@sha256:… on stdout.

Logins are those of Docker, podman and skopeo (`docker login REGISTRY`), --username with
--password-stdin, or the variables CLAWFT_REGISTRY_USERNAME and CLAWFT_REGISTRY_PASSWORD, and are
tried before anything is built. A registry on loopback is spoken to in plain HTTP, unless it has
TLS. Certificates for one registry are also found in Docker's and podman's certs.d.
SOURCE_DATE_EPOCH is the one time that images know, else that of the commit.")]
pub struct Docker {
    /// Push each image by its digest, write the digest to target/dist/digests/OS-ARCH, and tag an index
    #[arg(long)]
    pub push: bool,
    /// Make only these images, given once or more, and no image index [default: all]
    #[arg(long = "platform", value_name = "OS/ARCH")]
    pub platforms: Vec<Platform>,
    /// Make only the image index, from the digests that other machines wrote
    #[arg(long, conflicts_with_all = ["push", "platforms", "binaries"])]
    pub merge: bool,
    /// The directory of digests [default: target/dist/digests]
    #[arg(long, value_name = "DIR")]
    pub digests: Option<PathBuf>,
    /// The directory of the OCI layout [default: target/dist/oci]
    #[arg(long, value_name = "DIR")]
    pub layout: Option<PathBuf>,
    /// The image name, such as ghcr.io/clawft/clawft [default: the package's repository, on ghcr.io]
    #[arg(long, value_name = "NAME", env = "CLAWFT_IMAGE", hide_env_values = true)]
    pub image: Option<ImageName>,
    /// A tag, given once or more [default: as below]
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<Tag>,
    /// Push the image index by its digest and move no tag, for signing before `--merge` moves them
    #[arg(long, conflicts_with = "tags")]
    pub untagged: bool,
    /// The builder of the images [default: docker if an engine answers, else oci]
    #[arg(long, value_enum)]
    pub builder: Option<Builder>,
    /// The directory with the binaries weft-linux-ARCH [default: they are built]
    #[arg(long, value_name = "DIR")]
    pub binaries: Option<PathBuf>,
    /// Continue without platforms that cannot be built, or that have no digest to merge
    #[arg(long)]
    pub allow_partial: bool,
    /// Use plain HTTP for the registry, wherever it is; with builder `oci` only
    #[arg(long)]
    pub insecure: bool,
    /// Log in to the registry with this name; with builder `oci` only
    #[arg(long, value_name = "NAME", requires = "password_stdin")]
    pub username: Option<String>,
    /// Read the password, or an access token, from standard input
    #[arg(long, requires = "username")]
    pub password_stdin: bool,
    /// Trust the certificate authorities in this PEM file; with builder `oci` only
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Accept any certificate of the registry; with builder `oci` only
    #[arg(long, conflicts_with = "insecure")]
    pub insecure_skip_verify: bool,
    /// Fail when an image is over its budget, has no row in size-budget.toml, or a row has no artifact
    #[arg(long)]
    pub check_size: bool,
    /// Print the steps without running them
    #[arg(long)]
    pub dry_run: bool,
    /// Print the result as JSON
    #[arg(long, conflicts_with = "dry_run")]
    pub json: bool,
}

/// The builders of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Builder {
    /// Docker's buildx and Dockerfile.multi-arch; needs an engine
    Docker,
    /// This command alone; equal inputs give equal images, bit for bit
    Oci,
}
