//! The files of an OCI image layout that list its content.

use std::path::Path;

use anyhow::{Context as _, Result};
use devkit::files;
use serde_json::Value;

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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

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
