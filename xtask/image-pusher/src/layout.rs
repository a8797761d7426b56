//! The pieces of an image in a folder, as OCI's image layout has them: files called by their digests.

use std::{fmt::Write as _, fs, path::PathBuf};

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

/// A layout.
#[derive(Debug)]
pub(crate) struct Layout {
    folder: PathBuf,
}

impl Layout {
    /// The layout in `folder`.
    pub(crate) fn at(folder: &str) -> Self {
        Self { folder: folder.into() }
    }

    /// The piece with this digest, which is what the digest says: nothing else is sent anywhere.
    pub(crate) fn get(&self, digest: &str) -> Result<Vec<u8>> {
        let hex =
            digest.strip_prefix("sha256:").with_context(|| format!("`{digest}` is no SHA-256 digest"))?;
        let path = self.folder.join("blobs").join("sha256").join(hex);
        let bytes = fs::read(&path).with_context(|| format!("could not read `{}`", path.display()))?;
        ensure!(
            sha256(&bytes) == digest,
            "`{}` is not what its name says: build the image again",
            path.display()
        );
        Ok(bytes)
    }
}

/// The digest of `bytes`, as registries write it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_what_its_digest_says_or_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = folder.path().join("blobs/sha256");
        fs::create_dir_all(&blobs).unwrap();
        let digest = sha256(b"piece");
        let layout = Layout::at(folder.path().to_str().unwrap());
        assert!(layout.get(&digest).unwrap_err().to_string().starts_with("could not read"));
        fs::write(blobs.join(&digest[7..]), "piece").unwrap();
        assert_eq!(layout.get(&digest).unwrap(), b"piece");
        fs::write(blobs.join(&digest[7..]), "Piece").unwrap();
        assert!(layout.get(&digest).unwrap_err().to_string().contains("not what its name says"));
        assert!(layout.get("md5:00").is_err());
    }
}
