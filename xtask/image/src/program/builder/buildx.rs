//! Images made by Docker's buildx and `Dockerfile.multi-arch`.

use std::{fs, path::Path};

use anyhow::{Context as _, Error, Result};
use builds::{files, temporary};
use devkit::{cmd, project::Project};
use flags::values::{ImageName, Platform, Tag};
use image::Digest;
use oci_spec::image::{ANNOTATION_REVISION, ANNOTATION_VERSION, Descriptor};
use serde_json::Value;
use xshell::cmd;

use super::Builder;
use crate::{document, layout::Layout, licences::Licences, recipe::Recipe};

/// Builds images with an engine.
pub(crate) struct Buildx<'r> {
    pub(crate) project: &'r Project,
    pub(crate) recipe: &'r Recipe,
}

impl Buildx<'_> {
    /// Loads the image into the engine under these tags, and returns its digest there, which differs: an
    /// engine unpacks the image, and dates the files itself. Everything was built before, so this takes no
    /// time.
    pub(crate) fn load(
        &self,
        platform: Platform,
        program: &Path,
        licences: &Licences,
        tags: &[(ImageName, Tag)],
    ) -> Result<Digest> {
        let directory = temporary::directory()?;
        let file = directory.path().join("metadata.json");
        let names = tags
            .iter()
            .flat_map(|(image, tag)| ["--tag".to_owned(), format!("{image}:{tag}")]);
        let options = [
            "--load".to_owned(),
            "--metadata-file".to_owned(),
            file.display().to_string(),
        ];
        let options: Vec<String> = options.into_iter().chain(names).collect();
        self.run(
            platform,
            program,
            licences,
            &options,
            "load an image into the engine",
        )?;
        let metadata = fs::read(&file).context("buildx wrote no metadata of the image")?;
        let metadata: Value =
            serde_json::from_slice(&metadata).context("the metadata that buildx wrote is not JSON")?;
        let digest = metadata["containerimage.digest"]
            .as_str()
            .context("the metadata that buildx wrote has no digest")?;
        digest.parse().map_err(Error::msg)
    }

    /// Runs one `docker buildx build`; `options` select its output. The program and the notices are in a
    /// directory that takes the place of the stage that would compile them.
    fn run(
        &self,
        platform: Platform,
        program: &Path,
        licences: &Licences,
        options: &[String],
        purpose: &str,
    ) -> Result<()> {
        let shell = self.project.shell()?;
        let directory = temporary::directory()?;
        let binaries = directory.path();
        let path = binaries.join(platform.target().file_name());
        fs::copy(program, &path).with_context(|| format!("could not write `{}`", path.display()))?;
        let notices = licences.get(notices::FILE_NAME).context("there are no notices")?;
        files::replace(&binaries.join(notices::FILE_NAME), notices.as_bytes())?;
        let binaries = format!("dist={}", binaries.display());
        let platform = platform.to_string();
        let argument = |name: &str, label: &str| format!("{name}={}", self.recipe.label(label));
        let version = argument("VERSION", ANNOTATION_VERSION);
        let revision = argument("REVISION", ANNOTATION_REVISION);
        // With an attestation the result would be an index instead of an image.
        let build = cmd!(
            shell,
            "docker buildx build --file Dockerfile.multi-arch --platform {platform} --provenance=false --sbom=false
                --build-arg BINARIES=dist --build-context {binaries} --build-arg {version} --build-arg {revision} {options...} ."
        );
        cmd::run_quietly(
            build.env("SOURCE_DATE_EPOCH", self.recipe.epoch.to_string()),
            purpose,
            30,
        )
    }
}

impl Builder for Buildx<'_> {
    fn image(
        &self,
        platform: Platform,
        program: &Path,
        licences: &Licences,
        layout: &Layout,
    ) -> Result<Descriptor> {
        let directory = temporary::directory()?;
        let built = directory.path().join("oci");
        let output = format!(
            "type=oci,tar=false,rewrite-timestamp=true,dest={}",
            built.display()
        );
        self.run(
            platform,
            program,
            licences,
            &["--output".to_owned(), output],
            "build an image with buildx",
        )?;
        document::on(layout.adopt(&built)?, platform)
    }
}
