//! Images without Docker, made of a layer, a configuration and a manifest.

use std::path::Path;

use anyhow::{Context as _, Result};
use builds::files;
use flags::values::Platform;
use image::Digest;
use oci_spec::image::{Descriptor, MediaType};

use super::{Builder, read};
use crate::{
    document::{self, Labels},
    layer,
    layout::Layout,
    licences::Licences,
    recipe::Recipe,
};

/// Assembles images from a recipe. Equal binaries and recipes give equal images, bit for bit.
#[derive(Debug)]
pub(crate) struct Assembler<'r> {
    pub(crate) recipe: &'r Recipe,
}

impl Builder for Assembler<'_> {
    fn image(
        &self,
        platform: Platform,
        program: &Path,
        licences: &Licences,
        layout: &Layout,
    ) -> Result<Descriptor> {
        let tar = layer::tar(&read(program)?, licences, self.recipe.epoch)?;
        let compressed = files::gzip(&tar).context("could not compress the layer")?;
        let layer = layout.put(MediaType::ImageLayerGzip, &compressed)?;
        let config = self.recipe.image(platform, &Digest::of(&tar))?;
        let config = layout.put_json(MediaType::ImageConfig, &config)?;
        let manifest = document::manifest(config, vec![layer], &Labels::new())?;
        document::on(layout.put_json(MediaType::ImageManifest, &manifest)?, platform)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs, io::Read as _, path::PathBuf};

    use flate2::read::GzDecoder;
    use oci_spec::image::{ImageConfiguration, ImageManifest};

    use super::*;

    /// The images of all platforms in a directory of their own.
    struct Built {
        images: Vec<Descriptor>,
        directory: tempfile::TempDir,
    }

    impl Built {
        fn new(epoch: u64) -> Self {
            let directory = tempfile::tempdir().unwrap();
            let layout = Layout::create(&directory.path().join("oci")).unwrap();
            let recipe = Recipe::new("c0ffee", epoch);
            let images = Platform::ALL.map(|platform| {
                let program = directory.path().join(platform.target().file_name());
                fs::write(&program, platform.architecture().repeat(10_000)).unwrap();
                Assembler { recipe: &recipe }
                    .image(platform, &program, &Licences::new(), &layout)
                    .unwrap()
            });
            Self {
                images: images.to_vec(),
                directory,
            }
        }

        fn blobs(&self) -> PathBuf {
            self.directory.path().join("oci/blobs/sha256")
        }

        /// Returns every blob of the layout, by its file name.
        fn files(&self) -> BTreeMap<String, Vec<u8>> {
            let entries = fs::read_dir(self.blobs()).unwrap().map(|entry| entry.unwrap());
            let read = |path: PathBuf| fs::read(path).unwrap();
            entries
                .map(|entry| (entry.file_name().into_string().unwrap(), read(entry.path())))
                .collect()
        }

        fn blob(&self, descriptor: &Descriptor) -> Vec<u8> {
            fs::read(self.blobs().join(document::digest(descriptor).unwrap().hex())).unwrap()
        }
    }

    #[test]
    fn equal_inputs_give_equal_digests() {
        let (one, two) = (Built::new(1_700_000_000), Built::new(1_700_000_000));
        assert_eq!(one.images, two.images);
        assert_eq!(one.files(), two.files());
        assert_ne!(one.images, Built::new(1_700_000_001).images);
    }

    #[test]
    fn image_names_blobs_that_exist() {
        let built = Built::new(0);
        for (image, platform) in built.images.iter().zip(Platform::ALL) {
            let manifest: ImageManifest = serde_json::from_slice(&built.blob(image)).unwrap();
            let config: ImageConfiguration = serde_json::from_slice(&built.blob(manifest.config())).unwrap();
            assert_eq!(config.architecture().to_string(), platform.architecture());
            let labels = config.labels_of_config().unwrap();
            assert_eq!(labels["org.opencontainers.image.revision"], "c0ffee");
            let layer = built.blob(&manifest.layers()[0]);
            assert_eq!(layer.len() as u64, manifest.layers()[0].size());
            let mut tar = Vec::new();
            GzDecoder::new(&layer[..]).read_to_end(&mut tar).unwrap();
            assert_eq!(*config.rootfs().diff_ids(), [Digest::of(&tar).to_string()]);
        }
    }
}
