//! `cargo xtask release`: makes all files of a release page and a registry, and puts them in place together at the
//! end.
//!
//! ```text
//! clean? in CHANGELOG.md? no tag elsewhere? registry there? → what is left of ci
//!    → component, module, archives (and those of other machines), images, the component for a registry
//!    → an SBOM of each program, release.json, RELEASE_NOTES.md, SHA256SUMS → target/dist/release/ → pushed → tagged
//! ```
//!
//! Modules in reading order: [`request`] is the parsed command line; [`facts`] gathers the state of the checkout,
//! with [`archives`] from other machines and the [`changelog`], and [`refusals`] judges it; [`plan`] makes the
//! list of steps and [`execute`] carries it out, in the directory of [`staging`]. [`describe`] describes each
//! program: [`program`] is how it is built, with which [`toolchain`], and [`sbom`] its components. [`metadata`] is
//! the content of `release.json`, [`notes`] the text of the release page, and [`report`] the output for the user.
//! [`verify`] makes a release again and compares, and [`stage`] holds the steps after the push: [`published`] adds
//! SBOMs, the [`provenance`] and signatures to what is in registries.

mod archives;
mod changelog;
mod describe;
mod execute;
mod facts;
mod metadata;
mod notes;
mod plan;
mod program;
mod provenance;
mod published;
mod refusals;
mod report;
mod request;
mod sbom;
mod stage;
mod staging;
mod toolchain;
mod verify;

use std::collections::BTreeMap;

use anyhow::Result;
use builds::digest;
use devkit::{project::Project, ui};
use flags::Release;

pub use self::published::Published;
use self::{describe::Describer, execute::Executor, facts::Facts, request::Request};

/// Makes a release, makes one again to compare it, or takes a stage after the push.
///
/// # Errors
/// Fails if the checkout cannot be released, if something cannot be made or checked, or if a release differs when
/// it is made again.
pub fn run(project: &Project, flags: &Release) -> Result<()> {
    if let Some(directory) = &flags.verify {
        return verify::run(project, directory);
    }
    if let Some(stage) = flags.stage {
        return stage::run(project, stage, flags.image.as_ref(), flags.key.as_deref());
    }
    let request = Request::new(flags)?;
    let facts = Facts::gather(project, &request)?;
    refusals::refuse(&facts, &request)?;
    if facts.is_tagged() {
        ui::status(
            "Tagged",
            &format!(
                "{} already, at the commit that is checked out",
                request::git_tag()
            ),
        );
    }
    let steps = plan::plan(&request, facts.is_tagged());
    Executor::new(project, &request, &facts)?
        .run(&steps)?
        .print(flags.json)
}

/// Returns the SBOM of each released program, by the name of its file, as if it were made from `commit` at `time`
/// and its file were empty.
///
/// # Errors
/// Fails if `Cargo.lock` would have to change, or if the toolchain cannot be found.
pub fn sboms(project: &Project, commit: &str, time: u64) -> Result<BTreeMap<String, String>> {
    let describer = Describer::new(project, commit, time)?;
    let named = program::Program::all().into_iter().map(|program| {
        let file = program.file_name();
        let sum = digest::sha256(b"");
        Ok((file.clone(), describer.describe(program, &file, &sum)?.sbom))
    });
    named.collect()
}
