//! Images without Docker: a layer, a configuration and a manifest are all that there is to one.

use std::path::Path;

use anyhow::{Context as _, Result};
use devkit::files;

use super::{Builder, read};
use crate::{
    cli::values::Platform,
    docker::{
        layer,
        layout::Layout,
        oci::{CONFIG, Descriptor, LAYER, MANIFEST, Manifest},
        recipe::Recipe,
        reference::Digest,
    },
};

/// Assembles images after a recipe. Equal binaries and recipes give equal images, bit for bit.
#[derive(Debug)]
pub(in crate::docker) struct Assembler<'r> {
    pub(in crate::docker) recipe: &'r Recipe,
}

impl Builder for Assembler<'_> {
    fn image(&self, platform: Platform, program: &Path, layout: &Layout) -> Result<Descriptor> {
        let tar = layer::tar(&read(program)?, self.recipe.epoch)?;
        let compressed = files::gzip(&tar).context("could not compress the layer")?;
        let layer = layout.put(LAYER, &compressed)?;
        let config = layout.put_json(CONFIG, &self.recipe.image(platform, Digest::of(&tar)))?;
        Ok(layout.put_json(MANIFEST, &Manifest::new(config, vec![layer]))?.on(platform))
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs, io::Read as _, path::PathBuf};

    use flate2::read::GzDecoder;

    use super::*;
    use crate::docker::oci::Image;

    /// The images of all platforms in a folder of their own.
    struct Built {
        images: Vec<Descriptor>,
        folder: tempfile::TempDir,
    }

    impl Built {
        fn new(epoch: u64) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let layout = Layout::create(&folder.path().join("oci")).unwrap();
            let recipe = Recipe::new("c0ffee", epoch);
            let images = Platform::ALL.map(|platform| {
                let program = folder.path().join(platform.target().file_name());
                fs::write(&program, platform.architecture().repeat(10_000)).unwrap();
                Assembler { recipe: &recipe }.image(platform, &program, &layout).unwrap()
            });
            Self { images: images.to_vec(), folder }
        }

        fn blobs(&self) -> PathBuf {
            self.folder.path().join("oci/blobs/sha256")
        }

        /// Everything in the layout, by name.
        fn pieces(&self) -> BTreeMap<String, Vec<u8>> {
            let entries = fs::read_dir(self.blobs()).unwrap().map(|entry| entry.unwrap());
            let read = |path: PathBuf| fs::read(path).unwrap();
            entries.map(|entry| (entry.file_name().into_string().unwrap(), read(entry.path()))).collect()
        }

        fn piece(&self, digest: &Digest) -> Vec<u8> {
            fs::read(self.blobs().join(digest.hex())).unwrap()
        }
    }

    #[test]
    fn equal_inputs_give_equal_digests() {
        let (one, two) = (Built::new(1_700_000_000), Built::new(1_700_000_000));
        assert_eq!(one.images, two.images);
        assert_eq!(one.pieces(), two.pieces());
        assert_ne!(one.images, Built::new(1_700_000_001).images);
    }

    #[test]
    fn an_image_names_its_pieces_and_they_are_there() {
        let built = Built::new(0);
        for (image, platform) in built.images.iter().zip(Platform::ALL) {
            let manifest: Manifest = serde_json::from_slice(&built.piece(&image.digest)).unwrap();
            let config: Image = serde_json::from_slice(&built.piece(&manifest.config.digest)).unwrap();
            assert_eq!(config.architecture, platform.architecture());
            assert_eq!(config.config.labels["org.opencontainers.image.revision"], "c0ffee");
            let layer = built.piece(&manifest.layers[0].digest);
            assert_eq!(layer.len() as u64, manifest.layers[0].size);
            let mut tar = Vec::new();
            GzDecoder::new(&layer[..]).read_to_end(&mut tar).unwrap();
            assert_eq!(config.rootfs.diff_ids, [Digest::of(&tar)]);
        }
    }
}
