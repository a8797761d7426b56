//! The SBOM of an artifact, as a CycloneDX document: `<artifact>.cdx.json`.
//!
//! ```text
//! cargo tree (exactly the artifact's package, target and features) ─┐
//! Cargo.lock (checksums) ───────────────────────────────────────────┼→ components, and which depends on which
//! toolchain (std, the C library) ───────────────────────────────────┘
//! ```
//!
//! Linked packages have the scope `required`; packages that only take part in building, such as macros, have the
//! format's scope `excluded`. Equal sources give equal bytes: the only time is that of the commit, and the serial
//! number is a hash of the content.
//!
//! The document is written here and not by a library: with `cyclonedx-bom`, `cargo xtask` would compile regular
//! expressions, XML and a calendar for one JSON object, and `cargo-cyclonedx` writes a file beside every manifest
//! of the workspace. `cargo xtask smoke docker` validates the documents with the format's own schema.

mod checksums;
mod native;
mod purl;

use anyhow::{Context as _, Result};
use builds::{
    date::rfc3339,
    digest,
    packages::{Id, Package, Tree},
};
use serde_json::{Value, json};

pub(super) use self::{checksums::Checksums, native::Native};

/// The suffix after the name of an artifact.
pub(super) const SUFFIX: &str = ".cdx.json";

/// The artifact of a document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'s> {
    /// File name.
    pub(super) file: &'s str,
    /// SHA-256 in hexadecimal.
    pub(super) sha256: &'s str,
    /// Rust target.
    pub(super) target: &'s str,
    /// Full commit.
    pub(super) commit: &'s str,
    /// Address of the repository with the commit.
    pub(super) source: &'s str,
    /// Time of the commit, in seconds after 1970.
    pub(super) time: u64,
}

/// Returns the document about `subject`. Its components are the packages in `tree`, with checksums from `sums`,
/// and `natives`, each of which depends on the next.
pub(super) fn document(
    subject: Subject<'_>,
    tree: &Tree,
    sums: &Checksums,
    natives: &[Native],
) -> Result<String> {
    let writer = Writer { subject, tree, sums };
    let packages = tree.packages.iter().filter(|(id, _)| **id != tree.root);
    let components = packages.map(|(id, package)| writer.component(id, package));
    let components: Vec<Value> = components.chain(natives.iter().map(Native::component)).collect();
    let mut document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": writer.metadata(),
        "components": components,
        "dependencies": writer.dependencies(natives),
    });
    document["serialNumber"] = json!(serial_number(&document.to_string()));
    let text = serde_json::to_string_pretty(&document).context("could not write an SBOM")?;
    Ok(format!("{text}\n"))
}

/// The input of all parts of a document.
struct Writer<'s> {
    subject: Subject<'s>,
    tree: &'s Tree,
    sums: &'s Checksums,
}

impl Writer<'_> {
    fn metadata(&self) -> Value {
        let Subject {
            file,
            sha256,
            target,
            commit,
            source,
            time,
        } = self.subject;
        let Id { name, version } = &self.tree.root;
        let property = |name: &str, value: &str| json!({ "name": format!("clawft:{name}"), "value": value });
        json!({
            "timestamp": rfc3339(time),
            "lifecycles": [{ "phase": "build" }],
            "tools": { "components": [{ "type": "application", "name": "cargo xtask release", "version": version }] },
            "component": {
                "type": "application",
                "bom-ref": self.reference(&self.tree.root),
                "name": file,
                "version": version,
                "hashes": [{ "alg": "SHA-256", "content": sha256 }],
                "licenses": licences(&self.tree.packages[&self.tree.root].licence),
                "purl": self.reference(&self.tree.root),
                "externalReferences": [{ "type": "vcs", "url": source }],
                "properties": [
                    property("commit", commit),
                    property("features", &self.tree.features.join(",")),
                    property("package", name),
                    property("target", target),
                ],
            },
        })
    }

    fn component(&self, id: &Id, package: &Package) -> Value {
        let reference = self.reference(id);
        let mut component = json!({
            "type": "library",
            "bom-ref": reference,
            "name": id.name,
            "version": id.version,
            "scope": if package.linked { "required" } else { "excluded" },
            "purl": reference,
        });
        if !package.licence.is_empty() {
            component["licenses"] = licences(&package.licence);
        }
        if let Some(sum) = self.sums.get(id) {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
        }
        if !package.repository.is_empty() {
            component["externalReferences"] = json!([{ "type": "vcs", "url": package.repository }]);
        }
        component
    }

    fn dependencies(&self, natives: &[Native]) -> Vec<Value> {
        let depends = |from: String, on: Vec<String>| json!({ "ref": from, "dependsOn": on });
        let packages = self.tree.packages.iter().map(|(id, package)| {
            let mut on: Vec<String> = package.dependencies.iter().map(|id| self.reference(id)).collect();
            if *id == self.tree.root {
                on.extend(natives.first().map(Native::reference));
            }
            depends(self.reference(id), on)
        });
        let natives = natives.iter().enumerate().map(|(index, native)| {
            depends(
                native.reference(),
                natives
                    .get(index + 1)
                    .map(Native::reference)
                    .into_iter()
                    .collect(),
            )
        });
        packages.chain(natives).collect()
    }

    /// Returns the reference of a package in the document, which is also its package URL.
    fn reference(&self, id: &Id) -> String {
        match self.sums.get(id) {
            Some(_) => purl::of_crate(&id.name, &id.version),
            None => purl::of_source(&id.name, &id.version, self.subject.source, self.subject.commit),
        }
    }
}

/// Returns a licence expression from a manifest's text. Older manifests have a slash for "or".
fn licences(written: &str) -> Value {
    json!([{ "expression": written.replace(" / ", "/").replace('/', " OR ") }])
}

/// Returns a UUID that is a hash of `content`, in the version for custom UUIDs.
fn serial_number(content: &str) -> String {
    let mut digits: Vec<char> = digest::sha256(content.as_bytes()).chars().take(32).collect();
    (digits[12], digits[16]) = ('8', '8');
    let part = |range: std::ops::Range<usize>| digits[range].iter().collect::<String>();
    format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32)
    )
}

#[cfg(test)]
mod tests;
