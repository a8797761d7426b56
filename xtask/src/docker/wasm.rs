//! The component as registries keep it: a Wasm OCI artifact, which `wkg` and runtimes with a registry of their own read.
//!
//! ```text
//! manifest ─┬─ config  application/vnd.wasm.config.v0+json   what it is, and which interfaces it needs and offers
//!           └─ layer   application/wasm                      the component as it is, called clawft.wasm
//! ```
//!
//! Equal components of equal commits give equal digests.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use devkit::project::Project;
use serde::Serialize;
use wasmparser::{Encoding, Parser, Payload};

use super::{
    date::rfc3339,
    layout::Layout,
    oci::{Descriptor, Labels, MANIFEST, Manifest, WASM_CONFIG, WASM_LAYER},
    recipe::{Recipe, label},
    reference::{Digest, Reference},
    registry::Registry,
};
use crate::cli::values::{ImageName, Tag};

/// What the layer is called by clients that write it to a file.
const FILE_NAME: &str = "clawft.wasm";

/// The component in a layout.
#[derive(Clone, Debug)]
pub(crate) struct WasmArtifact {
    layout: Layout,
    /// What a tag stands for.
    pub(crate) manifest: Digest,
    /// What is said of the component.
    pub(crate) config: Digest,
    /// The component.
    pub(crate) layer: Digest,
}

/// What a push came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    /// The component in the registry.
    pub(crate) reference: Reference,
    /// Whether it was not there yet.
    pub(crate) new: bool,
}

/// The document about a component.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    created: String,
    architecture: &'static str,
    os: &'static str,
    /// Those of the manifest: they make the document one of this component alone.
    layer_digests: Vec<Digest>,
    component: World,
}

/// What a component offers and needs, as its world names it.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct World {
    exports: Vec<String>,
    imports: Vec<String>,
}

impl WasmArtifact {
    /// Puts `component` into a layout of its own at `folder`, as one made from `revision` and dated `epoch` seconds after 1970.
    ///
    /// # Errors
    /// It is no component, or the layout can't be written.
    pub(crate) fn create(folder: &Path, component: &[u8], revision: &str, epoch: u64) -> Result<Self> {
        let layout = Layout::create(folder)?;
        let layer = layout.put(WASM_LAYER, component)?;
        let config = Config {
            created: rfc3339(epoch),
            architecture: "wasm",
            os: "wasip2",
            layer_digests: vec![layer.digest.clone()],
            component: World::of(component)?,
        };
        let config = layout.put_json(WASM_CONFIG, &config)?;
        let title = Labels::from([(label("title"), FILE_NAME.to_owned())]);
        let layer = Descriptor { annotations: title, ..layer };
        let (of_config, of_layer) = (config.digest.clone(), layer.digest.clone());
        let annotations = annotations(&Recipe::new(revision, epoch));
        let manifest = Manifest { annotations, ..Manifest::new(config, vec![layer]) };
        let manifest = layout.put_json(MANIFEST, &manifest)?;
        layout.name(vec![manifest.clone()])?;
        Ok(Self { layout, manifest: manifest.digest, config: of_config, layer: of_layer })
    }

    /// Has `image:tag` stand for it in the registry. A second time nothing is sent.
    ///
    /// # Errors
    /// The tag stands for something else: a version is given once. Or the registry can't be reached, or does not let us in.
    pub(crate) fn publish(
        &self,
        project: &Project,
        image: &ImageName,
        tag: &Tag,
        insecure: bool,
    ) -> Result<Published> {
        let registry = Registry::new(project, image, insecure);
        let found = registry.find(tag)?;
        let new = match found {
            Some(there) if there == self.manifest => false,
            Some(there) => bail!(
                "`{image}:{tag}` stands for {there} already, and this is {}: what has a version stays as it is, so \
                 raise the version",
                self.manifest
            ),
            None => {
                registry.push(&self.layout, &self.manifest)?;
                registry.tag(&self.layout, &self.manifest, std::slice::from_ref(tag))?;
                true
            }
        };
        Ok(Published { reference: Reference::new(image, &self.manifest), new })
    }
}

/// What `image:tag` stands for in the registry, if it stands for anything.
///
/// # Errors
/// The registry can't be reached, or does not let us push.
pub(crate) fn find(
    project: &Project,
    image: &ImageName,
    tag: &Tag,
    insecure: bool,
) -> Result<Option<Digest>> {
    Registry::new(project, image, insecure).find(tag)
}

/// What registries show of it.
fn annotations(recipe: &Recipe) -> Labels {
    let mut labels = recipe.labels.clone();
    labels.insert(label("description"), "clawft, an LLM agent, as one WASI component".to_owned());
    labels.insert(label("created"), rfc3339(recipe.epoch));
    labels
}

impl World {
    /// What `component` itself imports and exports; what the components inside it do is their own affair.
    fn of(component: &[u8]) -> Result<Self> {
        let mut world = Self::default();
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(component) {
            match payload.context("it is no WebAssembly")? {
                Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
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
                _ => {}
            }
        }
        Ok(world)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use wasm_encoder::{
        Component, ComponentExportKind, ComponentExportSection, ComponentImportSection, ComponentTypeRef,
        ComponentTypeSection, InstanceType, Module, ModuleSection, NestedComponentSection,
    };

    use super::*;

    /// A component that imports and exports an interface, with another one inside.
    fn component() -> Vec<u8> {
        let mut types = ComponentTypeSection::new();
        types.instance(&InstanceType::new());
        let mut imports = ComponentImportSection::new();
        imports.import("wasi:http/types@0.2.0", ComponentTypeRef::Instance(0));
        let mut exports = ComponentExportSection::new();
        exports.export("wasi:cli/run@0.2.0", ComponentExportKind::Instance, 0, None);
        let mut inner = Component::new();
        inner.section(&types).section(&imports);
        let mut outer = Component::new();
        outer.section(&ModuleSection(&Module::new())).section(&NestedComponentSection(&inner));
        outer.section(&types).section(&imports).section(&exports);
        outer.finish()
    }

    fn documents(revision: &str, epoch: u64) -> [Value; 2] {
        let folder = tempfile::tempdir().unwrap();
        let made = WasmArtifact::create(&folder.path().join("oci"), &component(), revision, epoch).unwrap();
        [&made.manifest, &made.config].map(|digest| made.layout.json(digest).unwrap())
    }

    #[test]
    fn the_world_is_that_of_the_component_itself() {
        let world = World::of(&component()).unwrap();
        assert_eq!(world.imports, ["wasi:http/types@0.2.0"]);
        assert_eq!(world.exports, ["wasi:cli/run@0.2.0"]);
    }

    #[test]
    fn the_documents_are_those_that_clients_of_components_expect() {
        let [manifest, config] = documents("c0ffee", 1_700_000_000);
        let layer = Digest::of(&component()).to_string();
        assert_eq!(manifest["mediaType"], "application/vnd.oci.image.manifest.v1+json");
        assert_eq!(manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json");
        let layers = json!([{
            "mediaType": "application/wasm", "digest": layer, "size": component().len(),
            "annotations": { "org.opencontainers.image.title": "clawft.wasm" },
        }]);
        assert_eq!(manifest["layers"], layers);
        assert_eq!(manifest["annotations"]["org.opencontainers.image.revision"], "c0ffee");
        let expected = json!({
            "created": "2023-11-14T22:13:20Z", "architecture": "wasm", "os": "wasip2", "layerDigests": [layer],
            "component": { "exports": ["wasi:cli/run@0.2.0"], "imports": ["wasi:http/types@0.2.0"] },
        });
        assert_eq!(config, expected);
    }

    #[test]
    fn equal_components_of_equal_commits_are_equal() {
        assert_eq!(documents("c0ffee", 1), documents("c0ffee", 1));
        assert_ne!(documents("c0ffee", 1), documents("beef", 1));
    }

    #[test]
    fn a_core_module_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let module = Module::new().finish();
        let error = WasmArtifact::create(&folder.path().join("oci"), &module, "c0ffee", 1).unwrap_err();
        assert_eq!(error.to_string(), "it is a core module and no component");
    }
}
