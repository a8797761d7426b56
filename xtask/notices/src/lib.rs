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
mod render;
mod texts;

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use devkit::project::Project;

use self::cache::Cache;

/// The name of the document in archives and images.
pub const FILE_NAME: &str = "THIRD-PARTY-NOTICES.txt";

/// A program, as it is built for one or several targets.
#[derive(Clone, Copy, Debug)]
pub struct Program<'p> {
    /// The name for readers.
    pub name: &'p str,
    /// The builds whose packages are in it.
    pub builds: &'p [Build<'p>],
}

/// A build of a program.
#[derive(Clone, Copy, Debug)]
pub struct Build<'p> {
    /// The package in the workspace.
    pub package: &'p str,
    /// The arguments of cargo about its features.
    pub features: &'p [&'p str],
    /// The Rust targets.
    pub targets: &'p [&'p str],
}

/// A part of a program, with the texts that have to accompany it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    name: String,
    version: String,
    /// The licence as its authors write it.
    licence: String,
    /// The address of its source; may be empty.
    source: String,
    texts: Vec<String>,
}

/// `weft` for Linux, whose images and archives have one document.
pub const WEFT: Program<'static> = Program {
    name: "weft",
    builds: &[Build {
        package: "weft",
        features: &[],
        targets: &["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"],
    }],
};

/// The arguments of cargo for `wasm-diet` with Binaryen inside.
pub const BINARYEN: &[&str] = &["--features", "binaryen"];

/// `wasm-diet` for Linux, with Binaryen inside, which is C++.
pub const WASM_DIET: Program<'static> = Program {
    name: "wasm-diet",
    builds: &[Build {
        package: "wasm-diet",
        features: BINARYEN,
        targets: &["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"],
    }],
};

/// The components and the module.
pub const CLAWFT: Program<'static> = Program {
    name: "clawft",
    builds: &[
        Build {
            package: "clawft-wasm",
            features: &[],
            targets: &["wasm32-wasip2", "wasm32-wasip1"],
        },
        Build {
            package: "clawft-serve",
            features: &["--features", "p2,p3"],
            targets: &["wasm32-wasip2"],
        },
    ],
};

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
