//! The files of an OCI image layout that list its content.

use std::path::Path;

use anyhow::{Context as _, Error, Result};
use builds::files;
use serde_json::Value;

use crate::{calls::Kept, reference::Digest};

/// The default directory in `target/dist` for the layout of the images.
pub const DIRECTORY: &str = "oci";

/// The file that marks a directory as a layout.
pub const MARK: &str = "oci-layout";

/// The file that lists the images.
pub const INDEX: &str = "index.json";

/// The annotation with the tag of an image in a layout.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// Returns the tags of the images in the layout at `directory`.
///
/// # Errors
/// Fails if the directory is not a layout.
pub fn tags(directory: &Path) -> Result<Vec<String>> {
    let index: Value = serde_json::from_slice(&files::read(&directory.join(INDEX))?)
        .with_context(|| format!("`{}` is no layout", directory.display()))?;
    let images = index["manifests"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    Ok(images
        .iter()
        .filter_map(|image| image["annotations"][REF_NAME].as_str())
        .map(str::to_owned)
        .collect())
}

/// Returns the image index that the layout at `directory` lists first, with its images.
///
/// # Errors
/// Fails if the directory is not a layout, or lists something else first.
pub fn index(directory: &Path) -> Result<Kept> {
    let read = |path: &Path| -> Result<Value> {
        serde_json::from_slice(&files::read(path)?)
            .with_context(|| format!("`{}` is not JSON", path.display()))
    };
    let digest = |descriptor: &Value| -> Result<Digest> {
        let text = descriptor["digest"].as_str().context("an entry has no digest")?;
        text.parse().map_err(Error::msg)
    };
    let first = digest(&read(&directory.join(INDEX))?["manifests"][0])?;
    let blob = read(&directory.join("blobs").join("sha256").join(first.hex()))?;
    let entries = blob["manifests"]
        .as_array()
        .context("it lists no image index first")?;
    let image = |entry: &Value| {
        let word = |name: &str| entry["platform"][name].as_str().unwrap_or_default().to_owned();
        let platform = format!("{}/{}", word("os"), word("architecture"));
        Ok((platform.parse().map_err(Error::msg)?, digest(entry)?))
    };
    Ok(Kept {
        index: first,
        images: entries.iter().map(image).collect::<Result<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use flags::values::Platform;
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_index_with_its_images() {
        let directory = tempfile::tempdir().unwrap();
        let image = Digest::of(b"image");
        let document = json!({ "manifests": [
            { "digest": image.to_string(), "platform": { "os": "linux", "architecture": "amd64" } },
        ] });
        let document = document.to_string();
        let listed = Digest::of(document.as_bytes());
        let blobs = directory.path().join("blobs/sha256");
        fs::create_dir_all(&blobs).unwrap();
        fs::write(blobs.join(listed.hex()), &document).unwrap();
        let top = json!({ "manifests": [{ "digest": listed.to_string() }] });
        fs::write(directory.path().join(INDEX), top.to_string()).unwrap();
        let found = index(directory.path()).unwrap();
        assert_eq!(found.index, listed);
        assert_eq!(found.images, [(Platform::Amd64, image)].into());
        fs::write(directory.path().join(INDEX), "{}").unwrap();
        assert!(index(directory.path()).is_err());
    }

    #[test]
    fn reads_tags_from_the_index_of_a_layout() {
        let directory = tempfile::tempdir().unwrap();
        assert!(tags(directory.path()).is_err());
        let tagged = |tag: &str| serde_json::json!({ "annotations": { REF_NAME: tag } });
        let index = serde_json::json!({ "manifests": [tagged("main"), {}, tagged("latest")] });
        fs::write(directory.path().join(INDEX), index.to_string()).unwrap();
        assert_eq!(tags(directory.path()).unwrap(), ["main", "latest"]);
    }
}
