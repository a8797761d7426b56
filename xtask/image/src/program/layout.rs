//! An OCI image layout in a directory: each blob is a file that is named after its digest, and `index.json`
//! lists the images. skopeo, podman and containerd read it, and the registry client here pushes from it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use builds::files;
use image::{
    Digest,
    layout::{INDEX, MARK},
};
use oci_spec::image::{Descriptor, ImageIndex, MediaType};
use serde::{Serialize, de::DeserializeOwned};

use crate::document::{self, Labels};

/// The content of the file that marks a layout.
const VERSION: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

/// A layout.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    directory: PathBuf,
}

impl Layout {
    /// Creates an empty layout at `directory`, and replaces an existing one.
    pub(crate) fn create(directory: &Path) -> Result<Self> {
        let layout = Self::at(directory);
        if directory.exists() {
            let ours = directory.join(MARK).is_file();
            ensure!(
                ours,
                "`{}` is there and is no layout: remove it",
                directory.display()
            );
            fs::remove_dir_all(directory)
                .with_context(|| format!("could not empty the directory `{}`", directory.display()))?;
        }
        let blobs = layout.blobs();
        fs::create_dir_all(&blobs)
            .with_context(|| format!("could not make the directory `{}`", blobs.display()))?;
        files::replace(&directory.join(MARK), VERSION.as_bytes())?;
        layout.list(Vec::new())?;
        Ok(layout)
    }

    /// Returns the layout at `directory`.
    pub(crate) fn at(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
        }
    }

    /// Adds `bytes` as a blob.
    pub(crate) fn put(&self, media_type: MediaType, bytes: &[u8]) -> Result<Descriptor> {
        self.store(bytes)?;
        document::descriptor(media_type, bytes)
    }

    /// Adds a document.
    pub(crate) fn put_json(&self, media_type: MediaType, document: &impl Serialize) -> Result<Descriptor> {
        self.put(media_type, &document::to_bytes(document)?)
    }

    /// Returns a document, after comparing it with its digest.
    pub(crate) fn json<T: DeserializeOwned>(&self, digest: &Digest) -> Result<T> {
        let bytes = self.get(digest)?;
        serde_json::from_slice(&bytes)
            .with_context(|| format!("could not understand `{}`", self.path(digest).display()))
    }

    /// Returns a blob, after comparing it with its digest.
    pub(crate) fn get(&self, digest: &Digest) -> Result<Vec<u8>> {
        let path = self.path(digest);
        let bytes = files::read(&path)?;
        ensure!(
            Digest::of(&bytes) == *digest,
            "`{}` is not what its name says: build the image again",
            path.display()
        );
        Ok(bytes)
    }

    /// Lists these images in the layout's index.
    pub(crate) fn list(&self, images: Vec<Descriptor>) -> Result<()> {
        let index = document::to_bytes(&document::index(images, &Labels::new())?)?;
        files::replace(&self.directory.join(INDEX), &index)
    }

    /// Copies every blob of the layout at `directory` and returns its one image.
    pub(crate) fn adopt(&self, directory: &Path) -> Result<Descriptor> {
        let other = Self::at(directory);
        let index = files::read(&directory.join(INDEX))?;
        let index: ImageIndex = serde_json::from_slice(&index)
            .with_context(|| format!("`{}` is no layout", directory.display()))?;
        let blobs = other.blobs();
        for entry in fs::read_dir(&blobs).with_context(|| format!("could not list `{}`", blobs.display()))? {
            self.store(&files::read(&entry?.path())?)?;
        }
        match &index.manifests()[..] {
            [image] => Ok(image.clone()),
            _ => anyhow::bail!("`{}` should hold one image", directory.display()),
        }
    }

    fn store(&self, bytes: &[u8]) -> Result<()> {
        files::replace(&self.path(&Digest::of(bytes)), bytes)
    }

    fn blobs(&self) -> PathBuf {
        self.directory.join("blobs").join("sha256")
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.blobs().join(digest.hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> (tempfile::TempDir, Layout) {
        let directory = tempfile::tempdir().unwrap();
        let layout = Layout::create(&directory.path().join("oci")).unwrap();
        (directory, layout)
    }

    fn put(layout: &Layout, bytes: &[u8]) -> (Descriptor, Digest) {
        let blob = layout.put(MediaType::from("text/plain"), bytes).unwrap();
        let digest = document::digest(&blob).unwrap();
        (blob, digest)
    }

    #[test]
    fn finds_blobs_by_their_digest() {
        let (_directory, layout) = layout();
        let (blob, digest) = put(&layout, b"blob");
        assert_eq!((blob.size(), blob.media_type().as_ref()), (4, "text/plain"));
        assert_eq!(layout.get(&digest).unwrap(), b"blob");
    }

    #[test]
    fn refuses_blobs_that_were_changed() {
        let (_directory, layout) = layout();
        let (_, digest) = put(&layout, b"blob");
        fs::write(layout.path(&digest), b"Blob").unwrap();
        let error = layout.get(&digest).unwrap_err().to_string();
        assert!(error.contains("not what its name says"), "{error}");
    }

    #[test]
    fn replaces_an_earlier_layout_and_nothing_else() {
        let (directory, layout) = layout();
        let (_, digest) = put(&layout, b"blob");
        let again = Layout::create(&directory.path().join("oci")).unwrap();
        assert!(again.get(&digest).is_err());
        fs::write(directory.path().join("precious"), "").unwrap();
        let error = Layout::create(directory.path()).unwrap_err().to_string();
        assert!(error.contains("no layout"), "{error}");
        assert!(directory.path().join("precious").exists());
    }

    #[test]
    fn adopts_a_layout_with_its_one_image() {
        let ((one, from), (_two, to)) = (layout(), layout());
        let (blob, digest) = put(&from, b"image");
        let directory = one.path().join("oci");
        assert!(to.adopt(&directory).is_err(), "a layout without an image");
        from.list(vec![blob.clone()]).unwrap();
        assert_eq!(to.adopt(&directory).unwrap(), blob);
        assert_eq!(to.get(&digest).unwrap(), b"image");
    }

    #[test]
    fn lists_tags_where_the_library_finds_them() {
        let (directory, layout) = layout();
        let (blob, _) = put(&layout, b"image");
        let tagged = |tag: &str| document::tagged(&blob, &tag.parse().unwrap());
        layout
            .list(vec![tagged("main"), blob.clone(), tagged("latest")])
            .unwrap();
        assert_eq!(
            image::layout::tags(&directory.path().join("oci")).unwrap(),
            ["main", "latest"]
        );
    }
}
