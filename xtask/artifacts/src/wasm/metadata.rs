//! The metadata in components and the core module, which `wasm-tools metadata show` prints: name, version, revision,
//! licence, source, and in the section `.dep-v0` the packages that they were made from, which `cargo audit` reads.

use std::io::Write as _;

use anyhow::{Context as _, Result, ensure};
use builds::{
    lock::Lock,
    packages::{Id, Tree},
};
use devkit::project::Project;
use flags::values::Artifact;
use flate2::{Compression, write::ZlibEncoder};
use serde_json::{Value, json};
use wasm_encoder::{ComponentNameSection, ComponentSection as _, CustomSection, NameSection};
use wasmparser::Parser;

use super::build::PROGRAM;

/// The metadata of an artifact.
#[derive(Debug)]
pub(super) struct Metadata {
    name: String,
    /// The custom sections beside the one of the name, each with its name and content.
    sections: Vec<(&'static str, Vec<u8>)>,
}

impl Metadata {
    /// Returns the metadata of an artifact that is built from `project`, at `revision` if it is known.
    ///
    /// # Errors
    /// Fails if cargo cannot list the packages.
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
        let mut texts = vec![
            ("licenses", package.licence.as_str()),
            ("source", &package.repository),
        ];
        texts.extend(revision.map(|revision| ("revision", revision)));
        texts.push(("version", &tree.root.version));
        let mut sections: Vec<_> = texts
            .into_iter()
            .map(|(name, text)| (name, text.as_bytes().to_vec()))
            .collect();
        let dependencies = json!({ "packages": packages(tree, is_published), "format": 1 });
        sections.push((".dep-v0", compressed(&dependencies.to_string())?));
        Ok(Self {
            name: name.to_owned(),
            sections,
        })
    }

    /// Returns `artifact`, a component or a core module without a name, with the metadata in custom sections at its
    /// end.
    ///
    /// # Errors
    /// Fails if it is neither.
    pub(super) fn added_to(&self, artifact: &[u8]) -> Result<Vec<u8>> {
        let mut output = artifact.to_vec();
        if Parser::is_component(artifact) {
            let mut names = ComponentNameSection::new();
            names.component(&self.name);
            names.append_to_component(&mut output);
        } else {
            ensure!(
                Parser::is_core_wasm(artifact),
                "this is neither a component nor a core module"
            );
            let mut names = NameSection::new();
            names.module(&self.name);
            // A custom section has the same form in a core module and in a component.
            names.as_custom().append_to_component(&mut output);
        }
        for (name, data) in &self.sections {
            let section = CustomSection {
                name: (*name).into(),
                data: data.into(),
            };
            section.append_to_component(&mut output);
        }
        Ok(output)
    }
}

/// Returns `text` as zlib's format has it, which the section `.dep-v0` is in.
fn compressed(text: &str) -> Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes())?;
    encoder
        .finish()
        .context("could not compress the list of packages")
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
    fn own_licence_and_source_are_valid() {
        let line = format!(
            "0app v0.1.0 (/app)\t{}\t{}\t",
            env!("CARGO_PKG_LICENSE"),
            env!("CARGO_PKG_REPOSITORY")
        );
        let tree = Tree::parse(&line, &line).unwrap();
        let added = Metadata::new(PROGRAM, &tree, &|_| false, None).unwrap();
        // The reader accepts expressions of SPDX and absolute addresses only.
        let metadata = read(&added.added_to(&component()).unwrap());
        assert_eq!(metadata.licenses.unwrap().to_string(), env!("CARGO_PKG_LICENSE"));
        assert_eq!(metadata.source.unwrap().to_string(), env!("CARGO_PKG_REPOSITORY"));
    }

    #[test]
    fn refuses_what_is_no_webassembly() {
        let line = "0app v0.1.0 (/app)\tMIT\thttps://example.org\t";
        let tree = Tree::parse(line, line).unwrap();
        let metadata = Metadata::new(PROGRAM, &tree, &|_| false, None).unwrap();
        for bytes in [&b""[..], b"\0asm", b"#!/bin/sh\n"] {
            assert!(metadata.added_to(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn equal_inputs_give_equal_bytes() {
        assert_eq!(added(Some("c0ffee")), added(Some("c0ffee")));
    }
}
