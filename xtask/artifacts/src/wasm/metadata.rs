//! The metadata in components and the core module, which `wasm-tools metadata show` prints: name, version, revision,
//! licence, source, and in the section `.dep-v0` the packages that they were made from, which `cargo audit` reads.

use anyhow::{Context as _, Result};
use builds::{
    lock::Lock,
    packages::{Id, Tree},
};
use devkit::project::Project;
use flags::values::Artifact;
use serde_json::{Value, json};
use wasm_encoder::ComponentSection as _;
use wasm_metadata::{
    AddMetadata, AddMetadataField, Dependencies, Licenses, Revision, Source as Repository, Version,
};

use super::build::PROGRAM;

/// The metadata of an artifact.
#[derive(Debug)]
pub(super) struct Metadata {
    fields: AddMetadata,
    dependencies: Dependencies,
}

impl Metadata {
    /// Returns the metadata of an artifact that is built from `project`, at `revision` if it is known.
    ///
    /// # Errors
    /// Fails if cargo cannot list the packages, or if a field is not valid.
    pub(super) fn of(project: &Project, artifact: Artifact, revision: Option<&str>) -> Result<Self> {
        let tree = Tree::ask(
            &project.shell()?,
            artifact.package(),
            artifact.features(),
            artifact.target(),
        )?;
        let lock = Lock::of(&project.root)?;
        let name = match artifact {
            Artifact::Component | Artifact::Wasip1Module => PROGRAM,
            Artifact::Served | Artifact::ServedP3 => artifact.package(),
        };
        Self::new(name, &tree, &|id| is_published(&lock, id), revision)
    }

    fn new(
        name: &str,
        tree: &Tree,
        is_published: &dyn Fn(&Id) -> bool,
        revision: Option<&str>,
    ) -> Result<Self> {
        let package = tree
            .packages
            .get(&tree.root)
            .context("the program has no package")?;
        let mut fields = AddMetadata::default();
        fields.name = AddMetadataField::Set(name.to_owned());
        fields.version = AddMetadataField::Set(Version::new(tree.root.version.clone()));
        if let Some(revision) = revision {
            fields.revision = AddMetadataField::Set(Revision::new(revision.to_owned()));
        }
        fields.licenses = AddMetadataField::Set(Licenses::new(&package.licence)?);
        fields.source = AddMetadataField::Set(Repository::new(&package.repository)?);
        let dependencies = json!({ "packages": packages(tree, is_published), "format": 1 });
        let dependencies = dependencies.to_string();
        let dependencies = dependencies
            .parse()
            .context("the list of packages is not valid")?;
        Ok(Self {
            fields,
            dependencies: Dependencies::new(dependencies)?,
        })
    }

    /// Returns `artifact`, a component or a core module, with the metadata in custom sections at its end.
    ///
    /// # Errors
    /// Fails if it is neither.
    pub(super) fn added_to(&self, artifact: &[u8]) -> Result<Vec<u8>> {
        let mut output = self.fields.to_wasm(artifact)?;
        // A custom section has the same form in a core module.
        self.dependencies.append_to_component(&mut output);
        Ok(output)
    }
}

/// Returns the linked packages in the form of cargo-auditable: sorted, and each dependency as a position.
fn packages(tree: &Tree, is_published: &dyn Fn(&Id) -> bool) -> Vec<Value> {
    let linked: Vec<&Id> = tree
        .packages
        .iter()
        .filter(|(_, package)| package.linked)
        .map(|(id, _)| id)
        .collect();
    let position = |wanted: &Id| linked.iter().position(|id| *id == wanted);
    let entry = |id: &Id| {
        let dependencies: Vec<usize> = tree.packages[id]
            .dependencies
            .iter()
            .filter_map(position)
            .collect();
        let source = if is_published(id) { "crates.io" } else { "local" };
        let mut entry = json!({ "name": id.name, "version": id.version, "source": source });
        if !dependencies.is_empty() {
            entry["dependencies"] = json!(dependencies);
        }
        if *id == tree.root {
            entry["root"] = json!(true);
        }
        entry
    };
    linked.iter().map(|id| entry(id)).collect()
}

/// Returns whether the package comes from the registry; the other ones belong to the workspace.
fn is_published(lock: &Lock, id: &Id) -> bool {
    let mut locked = lock.packages.iter();
    locked.any(|it| it.checksum.is_some() && it.name == id.name && it.version == id.version)
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{Component, Module, ModuleSection};
    use wasm_metadata::Payload;

    use super::*;

    const TREE: &str = "\
0app v0.1.0 (/a path/app)\tMIT OR Apache-2.0\thttps://example.org/app\tdefault
1lib v0.1.0 (/a path/lib)\tMIT\thttps://example.org\t
2dep v1.0.0+more\tMIT\thttps://example.org/dep\tstd
3derive v1.0.0 (proc-macro)\tMIT\t\t";

    fn component() -> Vec<u8> {
        let mut component = Component::new();
        component.section(&ModuleSection(&Module::new()));
        component.finish()
    }

    fn added(revision: Option<&str>) -> Vec<u8> {
        added_to(&component(), revision)
    }

    fn added_to(artifact: &[u8], revision: Option<&str>) -> Vec<u8> {
        let linked: Vec<&str> = TREE.lines().take(3).collect();
        let tree = Tree::parse(TREE, &linked.join("\n")).unwrap();
        let metadata = Metadata::new(PROGRAM, &tree, &|id| id.name == "dep", revision).unwrap();
        metadata.added_to(artifact).unwrap()
    }

    fn read(artifact: &[u8]) -> wasm_metadata::Metadata {
        match Payload::from_binary(artifact).unwrap() {
            Payload::Component { metadata, .. } | Payload::Module(metadata) => metadata,
        }
    }

    #[test]
    fn core_module_has_same_metadata_as_component() {
        let module = Module::new().finish();
        let added = added_to(&module, Some("c0ffee"));
        assert!(added.starts_with(&module), "the rest has changed");
        wasmparser::validate(&added).unwrap();
        let [mut of_module, mut of_component] = [read(&added), read(&self::added(Some("c0ffee")))];
        // The positions in the file differ.
        of_module.range = 0..0;
        of_component.range = 0..0;
        assert_eq!(format!("{of_module:?}"), format!("{of_component:?}"));
    }

    #[test]
    fn writes_every_field_and_changes_nothing_else() {
        let added = added(Some("c0ffee"));
        let metadata = read(&added);
        assert_eq!(metadata.name.as_deref(), Some("clawft"));
        let shown = [
            metadata.version.map(|it| it.to_string()),
            metadata.revision.map(|it| it.to_string()),
            metadata.licenses.map(|it| it.to_string()),
            metadata.source.map(|it| it.to_string()),
        ];
        let expected = ["0.1.0", "c0ffee", "MIT OR Apache-2.0", "https://example.org/app"];
        assert_eq!(shown, expected.map(|text| Some(text.to_owned())));
        assert!(added.starts_with(&component()), "the rest has changed");
        assert!(metadata.producers.is_none() && metadata.authors.is_none());
    }

    #[test]
    fn lists_linked_packages_as_cargo_auditable_does() {
        let metadata = read(&added(None));
        assert!(metadata.revision.is_none());
        let listed = metadata.dependencies.unwrap();
        let listed: Value = serde_json::from_str(&listed.to_string()).unwrap();
        let expected = json!([
            { "name": "app", "version": "0.1.0", "source": "local", "dependencies": [2], "root": true },
            { "name": "dep", "version": "1.0.0+more", "source": "crates.io" },
            { "name": "lib", "version": "0.1.0", "source": "local", "dependencies": [1] },
        ]);
        assert_eq!(listed, json!({ "packages": expected, "format": 1 }));
    }

    #[test]
    fn equal_inputs_give_equal_bytes() {
        assert_eq!(added(Some("c0ffee")), added(Some("c0ffee")));
    }
}
