//! What is in all artifacts of one build, as `size.json` and the baseline hold it.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use super::anatomy::Anatomy;

/// The artifacts of a build, by file name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Profile {
    /// The commit that was built; `None` where that is not known.
    pub(crate) revision: Option<String>,
    pub(crate) artifacts: BTreeMap<String, Anatomy>,
}

impl Profile {
    /// Reads a `size.json`, or the baseline.
    ///
    /// # Errors
    /// The file can't be read or is none, or is one of a version that listed no parts.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text =
            fs::read(path).with_context(|| format!("could not read the sizes `{}`", path.display()))?;
        let profile: Self = serde_json::from_slice(&text).with_context(|| {
            format!("`{}` is not a size.json with the parts of the artifacts", path.display())
        })?;
        for (name, anatomy) in &profile.artifacts {
            let sum: usize = anatomy.items.iter().map(|item| item.size.raw).sum();
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
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("size.json");
        fs::write(&path, text).unwrap();
        Profile::read(&path)
    }

    #[test]
    fn what_others_wrote_into_it_is_left_alone() {
        let item = r#"{ "kind": "code", "crate": "core", "name": "core::fmt::write", "raw": 7, "gzip": 3 }"#;
        let text = format!(
            r#"{{ "revision": "abc", "toolchain": "rustc", "artifacts": {{ "a.wasm":
                {{ "target": "t", "raw": 7, "gzip": 4, "steps": [], "items": [{item}] }} }} }}"#
        );
        let profile = read(&text).unwrap();
        let item = &profile.artifacts["a.wasm"].items[0];
        assert_eq!((item.copies, item.size.raw, item.place.module.as_str()), (1, 7, ""));
    }

    #[test]
    fn parts_that_do_not_add_up_are_refused() {
        let text = r#"{ "artifacts": { "a.wasm": { "raw": 7, "gzip": 4, "items": [] } } }"#;
        assert!(read(text).unwrap_err().to_string().contains("take 0 bytes, and the file 7"));
        assert!(read(r#"{ "artifacts": { "a.wasm": { "raw": 7, "gzip": 4 } } }"#).is_err());
    }
}
