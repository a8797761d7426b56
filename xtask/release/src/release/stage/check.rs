//! Checks a published release in the way that users get it. Of the checkout, only the version is used.

use std::{fs, path::Path};

use anyhow::{Context as _, Error, Result, bail, ensure};
use builds::{digest, files, temporary};
use devkit::{project::Project, ui};
use flags::values::{Artifact, ImageName};
use image::{
    calls::{self, Tagged},
    repository,
};

use super::{
    execute::StepRunner,
    steps::{self, Release},
};
use crate::{
    dist,
    release::{
        metadata::Metadata,
        published::Published,
        request::{VERSION, git_tag},
    },
};

/// All programs that this needs.
const PROGRAMS: [&str; 5] = ["cosign", "docker", "gh", "wasmtime", "wkg"];

/// Downloads the release page, checks that it is complete, signed and attested, that the tag names its images and
/// the one for this machine runs, and that the component in the registry equals the one on the page and runs.
pub(super) fn run(project: &Project, image: &ImageName) -> Result<()> {
    let scratch = temporary::directory()?;
    let directory = scratch.path().join("release");
    let runner = StepRunner::new(project, scratch.path(), &PROGRAMS)?;
    let source = repository(env!("CARGO_PKG_REPOSITORY"));
    runner.run(&[steps::download(&source, VERSION, "release")])?;
    ui::status("Checking", "the checksums");
    sums(&directory)?;
    let metadata = Metadata::read(&directory)?;
    ensure!(
        metadata.version == VERSION,
        "the page of {VERSION} has the release of {}",
        metadata.version
    );
    let release = Release::pushed(&metadata, &published(project, &metadata, image)?)?;
    // Before the signatures: cosign does not say what to do about a private package.
    runner
        .run(&[release.component_comes("pulled.wasm")])
        .with_context(|| visibility(image))?;
    StepRunner::new(project, &directory, &PROGRAMS)?.run(&release.signatures())?;
    runner.run(&[release.image_runs()])?;
    ensure!(
        fs::read(scratch.path().join("pulled.wasm"))?
            == fs::read(directory.join(Artifact::Component.file_name()))?,
        "`{}:{VERSION}` is not the component of the release page",
        release.component
    );
    runner.run(&[release.component_runs("pulled.wasm")])?;
    ui::status("Checked", &format!("{VERSION}, as it was published"));
    Ok(())
}

/// Returns the images that the tag names.
///
/// # Errors
/// Fails if an image is not that of the page, or if the registry refuses to answer without a login.
fn published(project: &Project, metadata: &Metadata, image: &ImageName) -> Result<Published> {
    let tagged = Tagged {
        image: image.clone(),
        tag: git_tag().parse().map_err(Error::msg)?,
        insecure: false,
    };
    let found = calls::resolve(project, &tagged).with_context(|| visibility(image))?;
    Published::of(metadata, image, found)
}

/// Returns the error message for images that cannot be read without a login. What a workflow pushes to GHCR for the
/// first time is private, and only a person can change that.
fn visibility(image: &ImageName) -> String {
    format!(
        "could not read `{image}` as everyone else does: if the registry denies it, make the packages `{image}` and \
         `{image}-wasm` public, once, in their settings (on GitHub: Packages, the package, Package settings, Change \
         visibility), and run this job again"
    )
}

/// Compares every file in `directory` with `SHA256SUMS`; names all that differ, are missing, or have no line.
fn sums(directory: &Path) -> Result<()> {
    let path = directory.join(dist::SUMS);
    let text = files::read_text(&path)?;
    let mut wrong = Vec::new();
    for line in text.lines() {
        let Some((sum, name)) = dist::parse_sum(line) else {
            bail!("`{line}` in {} is not a checksum and a name", dist::SUMS)
        };
        match fs::read(directory.join(name)) {
            Ok(bytes) if digest::sha256(&bytes) == sum => {}
            Ok(_) => wrong.push(format!("`{name}` differs")),
            Err(error) => wrong.push(format!("`{name}`: {error}")),
        }
    }
    if !wrong.is_empty() {
        bail!("files differ from {}\n{}", dist::SUMS, wrong.join("\n"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_changed_or_missing_file() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            fs::write(directory.path().join(name), name).unwrap();
        }
        dist::write_sums(directory.path()).unwrap();
        sums(directory.path()).unwrap();
        fs::write(directory.path().join("a"), "another").unwrap();
        fs::remove_file(directory.path().join("b")).unwrap();
        let error = sums(directory.path()).unwrap_err().to_string();
        assert!(
            error.contains("`a` differs") && error.contains("\n`b`: ") && !error.contains("`c`"),
            "{error}"
        );
    }
}
