//! Finds the blobs of an image layout that differ, and describes them. The name of a blob is its digest, so a
//! changed blob has another name, and so has every blob that refers to it. Blobs are therefore compared by their
//! position.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context as _, Result};
use builds::files;
use image::{
    Digest,
    layout::{INDEX, MARK},
};
use serde_json::Value;

use super::difference::{differences, inside};

/// Returns the differences of two layouts, a phrase each.
pub(super) fn compare(made: &Path, again: &Path) -> Result<Vec<String>> {
    let (made, again) = (Blobs::read(made)?, Blobs::read(again)?);
    let mut found: Vec<String> = [("in the first", &made), ("in the second build", &again)]
        .into_iter()
        .flat_map(|(which, blobs)| inside(which, blobs.wrong.clone()))
        .collect();
    for (place, bytes) in &made.places {
        match again.places.get(place) {
            None => found.push(format!("{place} is missing from the second build")),
            Some(other) => found.extend(inside(place, differences(bytes, other))),
        }
    }
    let new = again
        .places
        .keys()
        .filter(|place| !made.places.contains_key(*place));
    found.extend(new.map(|place| format!("{place} is only in the second build")));
    Ok(found)
}

/// The blobs of a layout by their position in it, such as `linux/amd64: layer 1`.
#[derive(Debug, Default)]
struct Blobs {
    places: BTreeMap<String, Vec<u8>>,
    /// The files that have a position.
    used: BTreeSet<String>,
    /// The faults of the layout.
    wrong: Vec<String>,
}

impl Blobs {
    fn read(layout: &Path) -> Result<Self> {
        let mut blobs = Self::default();
        for name in [MARK, INDEX] {
            let path = layout.join(name);
            let bytes = files::read(&path)?;
            blobs.used.insert(name.to_owned());
            blobs.places.insert(name.to_owned(), bytes);
        }
        let index = serde_json::from_slice(&blobs.places[INDEX])
            .with_context(|| format!("could not understand `{}`", layout.join(INDEX).display()))?;
        blobs.follow(layout, "", &index);
        let unused = files::below(layout)?.into_iter().filter_map(|path| {
            let path = path.strip_prefix(layout).ok()?.display().to_string();
            (!blobs.used.contains(&path)).then_some(path)
        });
        blobs
            .wrong
            .extend(unused.map(|path| format!("nothing names `{path}`")));
        Ok(blobs)
    }

    /// Collects the blobs that a document refers to, recursively.
    fn follow(&mut self, layout: &Path, place: &str, document: &Value) {
        let list = |name: &str| document[name].as_array().cloned().unwrap_or_default();
        for (number, image) in (1..).zip(list("manifests")) {
            let what = match &image["platform"] {
                Value::Null => format!("index {number}"),
                platform => [&platform["os"], &platform["architecture"]]
                    .map(|word| word.as_str().unwrap_or("unknown"))
                    .join("/"),
            };
            self.add(layout, &join(place, &what), &image);
        }
        // A configuration's own `config` refers to no blob.
        if document["config"]["digest"].is_string() {
            self.add(layout, &join(place, "configuration"), &document["config"]);
        }
        for (number, layer) in (1..).zip(list("layers")) {
            self.add(layout, &join(place, &format!("layer {number}")), &layer);
        }
    }

    /// Collects the blob of `descriptor`.
    fn add(&mut self, layout: &Path, place: &str, descriptor: &Value) {
        let digest = descriptor["digest"].as_str().unwrap_or_default();
        let path = format!("blobs/{}", digest.replace(':', "/"));
        match fs::read(layout.join(&path)) {
            Err(_) => self.wrong.push(format!("{place}, `{digest}`, does not exist")),
            Ok(bytes) => {
                if Digest::of(&bytes).to_string() != digest {
                    self.wrong
                        .push(format!("{place}, `{path}`, does not have the digest in its name"));
                }
                // Several tags may name one index.
                if self.used.insert(path)
                    && let Ok(document) = serde_json::from_slice(&bytes)
                {
                    self.follow(layout, place, &document);
                }
                self.places.insert(place.to_owned(), bytes);
            }
        }
    }
}

fn join(place: &str, what: &str) -> String {
    if place.is_empty() {
        what.to_owned()
    } else {
        format!("{place}: {what}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tempfile::TempDir;

    use super::*;

    /// Writes a blob to a layout and returns its descriptor.
    fn put(layout: &Path, bytes: &[u8]) -> Value {
        let digest = Digest::of(bytes).hex();
        let blobs = layout.join("blobs/sha256");
        fs::create_dir_all(&blobs).unwrap();
        fs::write(blobs.join(&digest), bytes).unwrap();
        json!({ "digest": format!("sha256:{digest}") })
    }

    const CONFIGURATION: &[u8] = br#"{"architecture":"amd64","config":{"Cmd":["gateway"]}}"#;

    /// Makes a layout with an index of one image, whose layer is `layer` compressed.
    fn layout(layer: &[u8]) -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let config = put(root, CONFIGURATION);
        let layer = put(root, &files::gzip(layer).unwrap());
        let manifest = json!({ "config": config, "layers": [layer] });
        let mut image = put(root, manifest.to_string().as_bytes());
        image["platform"] = json!({ "os": "linux", "architecture": "amd64" });
        let list = put(root, json!({ "manifests": [image] }).to_string().as_bytes());
        fs::write(root.join(INDEX), json!({ "manifests": [list, list] }).to_string()).unwrap();
        fs::write(root.join(MARK), "{}").unwrap();
        directory
    }

    #[test]
    fn finds_no_difference_in_equal_layouts() {
        let (made, again) = (layout(b"program"), layout(b"program"));
        assert_eq!(compare(made.path(), again.path()).unwrap(), [""; 0]);
    }

    #[test]
    fn names_changed_blob_by_its_position() {
        let (made, again) = (layout(b"program"), layout(b"pRogram"));
        let found = compare(made.path(), again.path()).unwrap();
        let expected =
            "index 1: linux/amd64: layer 1: inside: line 1 is `program`, but `pRogram` in the second build";
        assert!(found.iter().any(|place| place == expected), "{found:#?}");
        assert!(
            found
                .iter()
                .any(|place| place.starts_with("index 1: linux/amd64: line ")),
            "{found:#?}"
        );
        assert!(
            found.iter().all(|place| !place.contains("configuration")),
            "{found:#?}"
        );
    }

    #[test]
    fn reports_damaged_and_unused_blobs() {
        let (made, again) = (layout(b"program"), layout(b"program"));
        let blobs = made.path().join("blobs/sha256");
        let config = Digest::of(CONFIGURATION).hex();
        fs::write(blobs.join(&config), "{}").unwrap();
        fs::write(blobs.join("left-over"), "").unwrap();
        let found = compare(made.path(), again.path()).unwrap().join("\n");
        for expected in [
            "does not have the digest in its name",
            "in the first: nothing names `blobs/sha256/left-over`",
        ] {
            assert!(found.contains(expected), "{found}");
        }
        fs::remove_file(blobs.join(config)).unwrap();
        assert!(
            compare(made.path(), again.path())
                .unwrap()
                .join("\n")
                .contains("does not exist")
        );
    }
}
