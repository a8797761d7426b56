//! The content of all artifacts of one build, in the form of a `size.json` file.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::anatomy::Anatomy;

/// The artifacts of a build, by file name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Profile {
    /// The commit that was built, if it is known.
    pub revision: Option<String>,
    /// The content of each artifact.
    pub artifacts: BTreeMap<String, Anatomy>,
}

impl Profile {
    /// Reads a `size.json`.
    ///
    /// # Errors
    /// Fails if the file cannot be read or has another format, or if the parts of an artifact do not add up
    /// to its size.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            fs::read(path).with_context(|| format!("could not read the sizes `{}`", path.display()))?;
        let profile: Self = serde_json::from_slice(&text).with_context(|| {
            format!(
                "`{}` is not a size.json with the parts of the artifacts",
                path.display()
            )
        })?;
        for (name, anatomy) in &profile.artifacts {
            let sum: usize = anatomy.parts.iter().map(|part| part.size.raw).sum();
            ensure!(
                sum == anatomy.size.raw,
                "`{}`: the parts of `{name}` take {sum} bytes, and the file {}",
                path.display(),
                anatomy.size.raw
            );
        }
        Ok(profile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Profile> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("size.json");
        fs::write(&path, text).unwrap();
        Profile::read(&path)
    }

    #[test]
    fn ignores_fields_of_other_tools() {
        let item = r#"{ "kind": "code", "crate": "core", "name": "core::fmt::write", "raw": 7, "gzip": 3 }"#;
        let text = format!(
            r#"{{ "revision": "abc", "toolchain": "rustc", "artifacts": {{ "a.wasm":
                {{ "target": "t", "raw": 7, "gzip": 4, "steps": [], "items": [{item}] }} }} }}"#
        );
        let profile = read(&text).unwrap();
        let item = &profile.artifacts["a.wasm"].parts[0];
        assert_eq!((item.copies, item.size.raw, item.id.module.as_str()), (1, 7, ""));
    }

    #[test]
    fn refuses_parts_that_do_not_add_up() {
        let text = r#"{ "artifacts": { "a.wasm": { "raw": 7, "gzip": 4, "items": [] } } }"#;
        assert!(
            read(text)
                .unwrap_err()
                .to_string()
                .contains("take 0 bytes, and the file 7")
        );
        assert!(read(r#"{ "artifacts": { "a.wasm": { "raw": 7, "gzip": 4 } } }"#).is_err());
    }
}
