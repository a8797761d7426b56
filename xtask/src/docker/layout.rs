//! Images in a folder, as OCI's image layout has them: each piece is a file called by its digest, and `index.json` says which
//! images there are. skopeo, podman and containerd read it, and our own pushing does.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use devkit::files;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    oci::{Descriptor, Index, Labels, REF_NAME},
    reference::Digest,
};

/// The file that says that the folder is a layout.
pub(crate) const MARK: &str = "oci-layout";

/// What stands in it.
const VERSION: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

/// The file that says which images there are.
pub(crate) const INDEX: &str = "index.json";

/// A layout.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    folder: PathBuf,
}

impl Layout {
    /// An empty layout at `folder`, whatever is there.
    pub(super) fn create(folder: &Path) -> Result<Self> {
        let layout = Self { folder: folder.to_owned() };
        if folder.exists() {
            let ours = folder.join(MARK).is_file();
            ensure!(ours, "`{}` is there and is no layout: remove it", folder.display());
            fs::remove_dir_all(folder)
                .with_context(|| format!("could not empty the folder `{}`", folder.display()))?;
        }
        let blobs = layout.blobs();
        fs::create_dir_all(&blobs)
            .with_context(|| format!("could not make the folder `{}`", blobs.display()))?;
        files::replace(&folder.join(MARK), VERSION.as_bytes())?;
        layout.name(Vec::new())?;
        Ok(layout)
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Puts `bytes` into it.
    pub(super) fn put(&self, media_type: &str, bytes: &[u8]) -> Result<Descriptor> {
        let descriptor = Descriptor::of(media_type, bytes);
        files::replace(&self.path(&descriptor.digest), bytes)?;
        Ok(descriptor)
    }

    /// Puts a document into it.
    pub(super) fn put_json(&self, media_type: &str, document: &impl Serialize) -> Result<Descriptor> {
        self.put(media_type, &serde_json::to_vec(document).context("could not write a document as JSON")?)
    }

    /// A document of it, which is what its digest says.
    pub(super) fn json<T: DeserializeOwned>(&self, digest: &Digest) -> Result<T> {
        let bytes = self.get(digest)?;
        serde_json::from_slice(&bytes)
            .with_context(|| format!("could not understand `{}`", self.path(digest).display()))
    }

    /// A piece of it, which is what its digest says.
    pub(super) fn get(&self, digest: &Digest) -> Result<Vec<u8>> {
        let path = self.path(digest);
        let bytes = files::read(&path)?;
        ensure!(Digest::of(&bytes) == *digest, "`{}` is not what its name says", path.display());
        Ok(bytes)
    }

    /// Says which images there are.
    pub(super) fn name(&self, images: Vec<Descriptor>) -> Result<()> {
        let index = serde_json::to_vec(&Index::new(images, Labels::new()))?;
        files::replace(&self.folder.join(INDEX), &index)
    }

    /// Takes over every piece of the layout at `folder` and returns its one image.
    pub(super) fn adopt(&self, folder: &Path) -> Result<Descriptor> {
        let index = index(folder)?;
        let blobs = folder.join("blobs").join("sha256");
        for entry in fs::read_dir(&blobs).with_context(|| format!("could not list `{}`", blobs.display()))? {
            self.put("", &files::read(&entry?.path())?)?;
        }
        let mut images = index.manifests.into_iter();
        let image = images.next().filter(|_| images.next().is_none());
        image.with_context(|| format!("`{}` should hold one image", folder.display()))
    }

    fn blobs(&self) -> PathBuf {
        self.folder.join("blobs").join("sha256")
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.blobs().join(digest.hex())
    }
}

/// The tags that the images of the layout at `folder` have.
///
/// # Errors
/// It is no layout.
pub(crate) fn tags(folder: &Path) -> Result<Vec<String>> {
    let images = index(folder)?.manifests.into_iter();
    Ok(images.filter_map(|mut image| image.annotations.remove(REF_NAME)).collect())
}

fn index(folder: &Path) -> Result<Index> {
    serde_json::from_slice(&files::read(&folder.join(INDEX))?)
        .with_context(|| format!("`{}` is no layout", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> (tempfile::TempDir, Layout) {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::create(&folder.path().join("oci")).unwrap();
        (folder, layout)
    }

    #[test]
    fn what_is_put_in_is_found_by_its_digest() {
        let (_folder, layout) = layout();
        let piece = layout.put("text/plain", b"piece").unwrap();
        assert_eq!((piece.size, piece.media_type.as_str()), (5, "text/plain"));
        assert_eq!(layout.get(&piece.digest).unwrap(), b"piece");
    }

    #[test]
    fn what_was_tampered_with_is_not_given_out() {
        let (_folder, layout) = layout();
        let piece = layout.put("text/plain", b"piece").unwrap();
        fs::write(layout.path(&piece.digest), b"Piece").unwrap();
        let error = layout.get(&piece.digest).unwrap_err().to_string();
        assert!(error.contains("not what its name says"), "{error}");
    }

    #[test]
    fn nothing_of_an_earlier_layout_stays_and_nothing_else_is_removed() {
        let (folder, layout) = layout();
        let piece = layout.put("text/plain", b"piece").unwrap();
        let again = Layout::create(layout.folder()).unwrap();
        assert!(again.get(&piece.digest).is_err());
        fs::write(folder.path().join("precious"), "").unwrap();
        let error = Layout::create(folder.path()).unwrap_err().to_string();
        assert!(error.contains("no layout"), "{error}");
        assert!(folder.path().join("precious").exists());
    }

    #[test]
    fn a_layout_is_taken_over_with_its_one_image() {
        let (_one, from) = layout();
        let (_two, to) = layout();
        let image = from.put("image", b"image").unwrap();
        assert!(to.adopt(from.folder()).is_err(), "a layout without an image");
        from.name(vec![image.clone()]).unwrap();
        assert_eq!(to.adopt(from.folder()).unwrap(), image);
        assert_eq!(to.get(&image.digest).unwrap(), b"image");
    }

    #[test]
    fn the_tags_of_a_layout_are_in_its_index() {
        let (_folder, layout) = layout();
        let image = layout.put("image", b"image").unwrap();
        let tagged = |tag: &str| image.tagged(&tag.parse().unwrap());
        layout.name(vec![tagged("main"), image.clone(), tagged("latest")]).unwrap();
        assert_eq!(tags(layout.folder()).unwrap(), ["main", "latest"]);
    }
}
