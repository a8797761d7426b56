//! The directory of digests: a file for each platform, with a name such as `linux-amd64`, that holds the line
//! `name@sha256:…`. Machines pass these files on, so that one of them can make an image index of all pushed
//! images.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use builds::files;
use flags::values::{ImageName, Platform};
use image::Reference;

/// A directory of digests, which need not exist yet.
#[derive(Debug)]
pub(crate) struct Digests<'p> {
    directory: &'p Path,
}

impl<'p> Digests<'p> {
    /// Returns the digests in `directory`.
    pub(crate) fn at(directory: &'p Path) -> Self {
        Self { directory }
    }

    /// Writes the digest that was pushed for `platform`.
    pub(crate) fn record(&self, platform: Platform, pushed: &Reference) -> Result<PathBuf> {
        fs::create_dir_all(self.directory)
            .with_context(|| format!("could not make the directory `{}`", self.directory.display()))?;
        let path = self.path(platform);
        files::replace(&path, format!("{pushed}\n").as_bytes())?;
        Ok(path)
    }

    /// Removes the digests of earlier pushes. Other files are kept.
    pub(crate) fn forget(&self) -> Result<()> {
        for path in Platform::ALL.map(|platform| self.path(platform)) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("could not remove `{}`", path.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns the pushed images, by platform.
    ///
    /// # Errors
    /// Fails if the directory cannot be read, or is empty. Lists at once every file in it whose name is not a
    /// platform, that holds no reference, or one to another image than `image`.
    pub(crate) fn read(&self, image: &ImageName) -> Result<BTreeMap<Platform, Reference>> {
        let shown = self.directory.display();
        let entries = fs::read_dir(self.directory)
            .with_context(|| format!("could not list the digests in `{shown}`"))?;
        let (mut found, mut wrong) = (BTreeMap::new(), Vec::new());
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            match read(&entry.path(), &name, image) {
                Ok((platform, reference)) => drop(found.insert(platform, reference)),
                Err(error) => wrong.push(format!("{name}: {error:#}")),
            }
        }
        wrong.sort();
        if !wrong.is_empty() {
            bail!(
                "`{shown}` should hold a digest for each platform and nothing else\n{}",
                wrong.join("\n")
            );
        }
        if found.is_empty() {
            bail!("there are no digests in `{shown}`: nothing was pushed yet, or it is another directory");
        }
        Ok(found)
    }

    fn path(&self, platform: Platform) -> PathBuf {
        self.directory.join(platform.file_name())
    }
}

fn read(path: &Path, name: &str, image: &ImageName) -> Result<(Platform, Reference)> {
    let platform = Platform::ALL
        .into_iter()
        .find(|platform| platform.file_name() == name);
    let platform = platform.context("this is the name of no platform")?;
    let text = fs::read_to_string(path).context("could not read it")?;
    let reference: Reference = text.trim_end().parse().map_err(anyhow::Error::msg)?;
    if reference.name != *image {
        bail!("this is of `{}`, and the list would be `{image}`", reference.name);
    }
    Ok((platform, reference))
}

#[cfg(test)]
mod tests {
    use image::Digest;

    use super::*;

    fn image(text: &str) -> ImageName {
        text.parse().unwrap()
    }

    fn reference(content: &str) -> Reference {
        Reference::new(&image("localhost:5000/clawft"), &Digest::of(content.as_bytes()))
    }

    fn read_all(directory: &Path) -> Result<BTreeMap<Platform, Reference>> {
        Digests::at(directory).read(&image("localhost:5000/clawft"))
    }

    #[test]
    fn reads_and_removes_recorded_digests() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("new");
        let digests = Digests::at(&place);
        digests.forget().unwrap();
        digests.record(Platform::Amd64, &reference("old")).unwrap();
        digests.record(Platform::Amd64, &reference("one")).unwrap();
        digests.record(Platform::Arm64, &reference("two")).unwrap();
        let found = read_all(&place).unwrap();
        assert_eq!(found[&Platform::Amd64], reference("one"));
        assert_eq!(found[&Platform::Arm64], reference("two"));
        digests.forget().unwrap();
        assert!(
            read_all(&place)
                .unwrap_err()
                .to_string()
                .contains("nothing was pushed yet")
        );
    }

    #[test]
    fn error_lists_all_foreign_files() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
        write("linux-amd64", &reference("one").to_string());
        write("linux-amd64 (1)", &reference("two").to_string());
        write("linux-arm64", "localhost:5000/clawft@sha256:abc");
        let error = read_all(directory.path()).unwrap_err().to_string();
        assert!(
            error.contains("linux-amd64 (1): this is the name of no platform"),
            "{error}"
        );
        assert!(
            error.contains("linux-arm64: `sha256:abc` is no digest"),
            "{error}"
        );
    }

    #[test]
    fn refuses_digests_of_another_image() {
        let directory = tempfile::tempdir().unwrap();
        let other = Reference::new(&image("ghcr.io/clawft/clawft"), &Digest::of(b"x"));
        Digests::at(directory.path())
            .record(Platform::Arm64, &other)
            .unwrap();
        let error = read_all(directory.path()).unwrap_err().to_string();
        assert!(error.contains("this is of `ghcr.io/clawft/clawft`"), "{error}");
        assert!(read_all(&directory.path().join("nowhere")).is_err());
    }
}
