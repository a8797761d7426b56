//! The licences and copyright notices of everything that a program contains.
//!
//! ```text
//! cargo tree (linked packages) ─┐
//! std's own tree ───────────────┼→ licences to fulfil → their texts in the packages → one document
//! C libraries of the target ────┘
//! ```
//!
//! Equal sources give equal documents.

mod cache;
mod licence;
mod native;
mod packages;
mod page;
mod part;
mod program;
mod render;
mod texts;

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use devkit::project::Project;

use self::cache::Cache;

pub use self::program::{BINARYEN, Build, CLAWFT, Program, WASM_DIET, WEFT};

/// The name of the document in archives and images.
pub const FILE_NAME: &str = "THIRD-PARTY-NOTICES.txt";

/// Returns the document for `program`. It is kept in the target directory until a dependency changes.
///
/// # Errors
/// Fails if the packages cannot be listed, or if one has a licence that is not accepted.
pub fn document(project: &Project, program: Program<'_>) -> Result<String> {
    let cache = Cache::of(project, program)?;
    if let Some(document) = cache.read() {
        return Ok(document);
    }
    let mut parts = BTreeSet::new();
    let builds = program.builds.iter();
    for (build, target) in builds.flat_map(|build| build.targets.iter().map(move |target| (build, target))) {
        for package in packages::linked(project, build, target)? {
            let part = package.part();
            let of = || {
                format!(
                    "could not find the notices of {} {}",
                    package.id.name, package.id.version
                )
            };
            parts.insert(part.with_context(of)?);
        }
        parts.extend(native::parts(target, build.package == "wasm-diet"));
    }
    if program.name == WEFT.name {
        parts.extend(page::parts()?);
    }
    let document = render::document(program.name, &parts);
    cache.write(&document)?;
    Ok(document)
}
