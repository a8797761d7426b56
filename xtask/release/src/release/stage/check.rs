//! What was published, got as anyone gets it: nothing of the checkout is used but what it says of its version.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail, ensure};
use devkit::{digest, files, project::Project, ui};
use flags::values::{Artifact, ImageName};
use image::calls::{self, Tagged};

use super::{
    execute::Stand,
    steps::{self, Release},
};
use crate::{
    dist,
    release::{
        metadata::Metadata,
        request::{VERSION, git_tag},
    },
};

/// Everything that this takes.
const PROGRAMS: [&str; 5] = ["cosign", "docker", "gh", "wasmtime", "wkg"];

/// Downloads the release page, and sees that it is whole, signed and attested, that the tag stands for its images and that
/// the one for this machine runs, and that the component comes from the registry as it is on the page and runs.
pub(super) fn run(project: &Project, image: &ImageName) -> Result<()> {
    let scratch = tempfile::tempdir().context("could not make a temporary folder")?;
    let folder = scratch.path().join("release");
    let stand = Stand::new(project, scratch.path(), &PROGRAMS)?;
    stand.take(&[steps::download(env!("CARGO_PKG_REPOSITORY"), VERSION, "release")])?;
    ui::status("Checking", "the checksums");
    sums(&folder)?;
    let metadata = Metadata::read(&folder)?;
    ensure!(metadata.version == VERSION, "the page of {VERSION} has the release of {}", metadata.version);
    let release = Release::new(&metadata, image)?;
    Stand::new(project, &folder, &PROGRAMS)?.take(&release.signatures())?;
    tag(project, &release)?;
    stand.take(&[release.image_runs(), release.component_comes("pulled.wasm")])?;
    ensure!(
        fs::read(scratch.path().join("pulled.wasm"))?
            == fs::read(folder.join(Artifact::Component.file_name()))?,
        "`{}:{VERSION}` is another component than the release page has",
        release.component
    );
    stand.take(&[release.component_runs("pulled.wasm")])?;
    ui::status("Checked", &format!("{VERSION}, as it was published"));
    Ok(())
}

/// The tag stands for the images that the page describes.
fn tag(project: &Project, release: &Release) -> Result<()> {
    let tag = git_tag().parse().map_err(anyhow::Error::msg)?;
    let image = Tagged { image: release.image.clone(), tag, insecure: false };
    let found = calls::resolve(project, &image)?;
    ensure!(
        found == release.index.digest,
        "`{}:{}` stands for {found}, and the release has {}",
        image.image,
        image.tag,
        release.index.digest
    );
    Ok(())
}

/// Holds every file in `folder` against `SHA256SUMS`; names all that differ, are missing, or have no line.
fn sums(folder: &Path) -> Result<()> {
    let path = folder.join(dist::SUMS);
    let text = files::read_text(&path)?;
    let mut wrong = Vec::new();
    for line in text.lines() {
        let Some((sum, name)) = dist::parse_sum(line) else {
            bail!("`{line}` in {} is no sum and name", dist::SUMS)
        };
        match fs::read(folder.join(name)) {
            Ok(bytes) if digest::sha256(&bytes) == sum => {}
            Ok(_) => wrong.push(format!("`{name}` differs")),
            Err(error) => wrong.push(format!("`{name}`: {error}")),
        }
    }
    if !wrong.is_empty() {
        bail!("the files are not those of {}\n{}", dist::SUMS, wrong.join("\n"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_is_not_what_it_should_be_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        dist::write_sums(folder.path()).unwrap();
        sums(folder.path()).unwrap();
        fs::write(folder.path().join("a"), "another").unwrap();
        fs::remove_file(folder.path().join("b")).unwrap();
        let error = sums(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("`a` differs") && error.contains("\n`b`: ") && !error.contains("`c`"),
            "{error}"
        );
    }
}
