//! The component as a Wasm OCI artifact, the form in which `wkg` and runtimes read it from registries.
//!
//! ```text
//! manifest ─┬─ config  application/vnd.wasm.config.v0+json   what it is, and which interfaces it needs and offers
//!           └─ layer   application/wasm                      the component as it is, called clawft.wasm
//! ```
//!
//! The annotations of the manifest repeat the metadata in the component. Equal components of equal commits give equal
//! digests.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use builds::date::rfc3339;
use image::{
    Digest, Reference,
    calls::{Component, Published, Tagged},
};
use oci_spec::image::{
    ANNOTATION_CREATED, ANNOTATION_DESCRIPTION, ANNOTATION_LICENSES, ANNOTATION_REVISION, ANNOTATION_SOURCE,
    ANNOTATION_TITLE, ANNOTATION_VERSION, MediaType,
};
use serde::Serialize;
use wasmparser::{Encoding, Parser, Payload};

use crate::{
    document::{self, Labels},
    layout::Layout,
    recipe::Recipe,
    registry::{Access, Registry},
};

/// The media type of a component's configuration.
const CONFIG: &str = "application/vnd.wasm.config.v0+json";

/// The media type of a component.
const LAYER: &str = "application/wasm";

/// The file name that clients use for the layer.
const FILE_NAME: &str = "clawft.wasm";

/// The custom sections of a component that an annotation repeats.
const REPEATED: [(&str, &str); 4] = [
    ("licenses", ANNOTATION_LICENSES),
    ("revision", ANNOTATION_REVISION),
    ("source", ANNOTATION_SOURCE),
    ("version", ANNOTATION_VERSION),
];

/// The configuration of a component.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    created: String,
    architecture: &'static str,
    os: &'static str,
    /// Those of the manifest: they tie the configuration to this component.
    layer_digests: Vec<Digest>,
    component: World,
}

/// The imports and exports of a component, by their names in its world.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct World {
    exports: Vec<String>,
    imports: Vec<String>,
}

/// Writes `component` into a new layout at `directory`, as one made from `revision` and dated `epoch` seconds
/// after 1970.
///
/// # Errors
/// Fails if it is not a component, or if the layout cannot be written.
pub(crate) fn create(directory: &Path, component: &[u8], revision: &str, epoch: u64) -> Result<Component> {
    let layout = Layout::create(directory)?;
    let mut layer = layout.put(MediaType::from(LAYER), component)?;
    let About { world, labels } = About::of(component)?;
    let config = Config {
        created: rfc3339(epoch),
        architecture: "wasm",
        os: "wasip2",
        layer_digests: vec![document::digest(&layer)?],
        component: world,
    };
    let config = layout.put_json(MediaType::from(CONFIG), &config)?;
    layer.set_annotations(Some([(ANNOTATION_TITLE.to_owned(), FILE_NAME.to_owned())].into()));
    let made = [&config, &layer].map(document::digest);
    let annotations = annotations(&Recipe::new(revision, epoch), labels);
    let manifest = document::manifest(config, vec![layer], &annotations)?;
    let manifest = layout.put_json(MediaType::ImageManifest, &manifest)?;
    layout.list(vec![manifest.clone()])?;
    let [config, layer] = made;
    Ok(Component {
        manifest: document::digest(&manifest)?,
        config: config?,
        layer: layer?,
    })
}

/// Pushes the component with this manifest from the layout at `directory`, and sets the tag.
///
/// # Errors
/// Fails if the tag points to other content, because a version is published once; or if the registry cannot
/// be reached or refuses.
pub(crate) fn publish(directory: &Path, manifest: &Digest, target: &Tagged) -> Result<Published> {
    put(directory, manifest, target, true)
}

/// Pushes the component by its digest, without the tag.
///
/// # Errors
/// Fails as [`publish`] does.
pub(crate) fn push(directory: &Path, manifest: &Digest, target: &Tagged) -> Result<Published> {
    put(directory, manifest, target, false)
}

fn put(directory: &Path, manifest: &Digest, target: &Tagged, tagged: bool) -> Result<Published> {
    let Tagged { image, tag, insecure } = target;
    let layout = Layout::at(directory);
    let registry = Registry::new(image, Access::plain(*insecure));
    let new = match registry.find(tag)? {
        Some(there) if there == *manifest => false,
        Some(there) => bail!(
            "`{image}:{tag}` already names {there}, and this component is {manifest}: a published version is never \
             replaced, so raise the version"
        ),
        None => {
            registry.push(&layout, manifest)?;
            if tagged {
                registry.tag(&layout, manifest, std::slice::from_ref(tag))?;
            }
            true
        }
    };
    Ok(Published {
        reference: Reference::new(image, manifest),
        new,
    })
}

/// Returns the annotations that registries show. Those of the component replace those of the recipe.
fn annotations(recipe: &Recipe, component: Labels) -> Labels {
    let mut labels = recipe.labels.clone();
    labels.insert(
        ANNOTATION_DESCRIPTION.to_owned(),
        "clawft, an LLM agent, as one WASI component".to_owned(),
    );
    labels.insert(ANNOTATION_CREATED.to_owned(), rfc3339(recipe.epoch));
    labels.extend(component);
    labels
}

/// The parts of a component that its documents repeat.
#[derive(Debug, Default)]
struct About {
    world: World,
    labels: Labels,
}

impl About {
    /// Reads `component` itself, without the components inside it.
    fn of(component: &[u8]) -> Result<Self> {
        let Self {
            mut world,
            mut labels,
        } = Self::default();
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(component) {
            match payload.context("it is no WebAssembly")? {
                Payload::Version {
                    encoding: Encoding::Module,
                    ..
                } if depth == 0 => {
                    bail!("it is a core module and no component")
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(imports) if depth == 0 => {
                    for import in imports {
                        world.imports.push(import?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(exports) if depth == 0 => {
                    for export in exports {
                        world.exports.push(export?.name.name.to_owned());
                    }
                }
                Payload::CustomSection(custom) if depth == 0 => {
                    if let Some((_, name)) = REPEATED.iter().find(|(section, _)| *section == custom.name()) {
                        let value = String::from_utf8(custom.data().to_vec())?;
                        labels.insert((*name).to_owned(), value);
                    }
                }
                _ => {}
            }
        }
        Ok(Self { world, labels })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use wasm_encoder::{
        Component as ComponentBuilder, ComponentExportKind, ComponentExportSection, ComponentImportSection,
        ComponentTypeRef, ComponentTypeSection, CustomSection, InstanceType, Module, ModuleSection,
        NestedComponentSection,
    };

    use super::*;

    /// Returns a component that imports and exports an interface, with another one inside.
    fn component() -> Vec<u8> {
        let mut types = ComponentTypeSection::new();
        types.instance(&InstanceType::new());
        let mut imports = ComponentImportSection::new();
        imports.import("wasi:http/types@0.2.0", ComponentTypeRef::Instance(0));
        let mut exports = ComponentExportSection::new();
        exports.export("wasi:cli/run@0.2.0", ComponentExportKind::Instance, 0, None);
        let custom = |name, value: &'static str| CustomSection {
            name: std::borrow::Cow::Borrowed(name),
            data: value.as_bytes().into(),
        };
        let mut inner = ComponentBuilder::new();
        inner.section(&types).section(&imports);
        inner.section(&custom("version", "1.2.3"));
        let mut outer = ComponentBuilder::new();
        outer
            .section(&ModuleSection(&Module::new()))
            .section(&NestedComponentSection(&inner));
        outer.section(&types).section(&imports).section(&exports);
        outer.section(&custom("version", "9.8.7"));
        outer.section(&custom("other", "x"));
        outer.finish()
    }

    fn documents(revision: &str, epoch: u64) -> [Value; 2] {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path().join("oci");
        let made = create(&directory, &component(), revision, epoch).unwrap();
        [made.manifest, made.config].map(|digest| Layout::at(&directory).json(&digest).unwrap())
    }

    #[test]
    fn reads_the_world_of_the_outer_component() {
        let About { world, labels } = About::of(&component()).unwrap();
        assert_eq!(world.imports, ["wasi:http/types@0.2.0"]);
        assert_eq!(world.exports, ["wasi:cli/run@0.2.0"]);
        let expected = [(ANNOTATION_VERSION.to_owned(), "9.8.7".to_owned())];
        assert_eq!(labels, expected.into());
    }

    #[test]
    fn writes_the_documents_that_clients_expect() {
        let [manifest, config] = documents("c0ffee", 1_700_000_000);
        let layer = Digest::of(&component()).to_string();
        assert_eq!(
            manifest["mediaType"],
            "application/vnd.oci.image.manifest.v1+json"
        );
        assert_eq!(
            manifest["config"]["mediaType"],
            "application/vnd.wasm.config.v0+json"
        );
        let layers = json!([{
            "mediaType": "application/wasm", "digest": layer, "size": component().len(),
            "annotations": { "org.opencontainers.image.title": "clawft.wasm" },
        }]);
        assert_eq!(manifest["layers"], layers);
        assert_eq!(
            manifest["annotations"]["org.opencontainers.image.revision"],
            "c0ffee"
        );
        assert_eq!(
            manifest["annotations"]["org.opencontainers.image.version"],
            "9.8.7"
        );
        let expected = json!({
            "created": "2023-11-14T22:13:20Z", "architecture": "wasm", "os": "wasip2", "layerDigests": [layer],
            "component": { "exports": ["wasi:cli/run@0.2.0"], "imports": ["wasi:http/types@0.2.0"] },
        });
        assert_eq!(config, expected);
    }

    #[test]
    fn equal_components_give_equal_documents() {
        assert_eq!(documents("c0ffee", 1), documents("c0ffee", 1));
        assert_ne!(documents("c0ffee", 1), documents("beef", 1));
    }

    #[test]
    fn refuses_a_core_module() {
        let directory = tempfile::tempdir().unwrap();
        let module = Module::new().finish();
        let error = create(&directory.path().join("oci"), &module, "c0ffee", 1).unwrap_err();
        assert_eq!(error.to_string(), "it is a core module and no component");
    }
}
