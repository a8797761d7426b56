//! The stages of a component, ours or a sample, for comparisons.

use anyhow::{Context as _, Result};
use devkit::project::Project;
use flags::{HttpBackend, values::Artifact};
use toolchain::Need;
use wasm_diet::features;

use super::{
    build::{self, Mode},
    features as own_features,
    optimise::Optimiser,
};

/// The sources of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Our component, with this HTTP backend.
    Component(HttpBackend),
    /// A package of `xtask/size-samples`.
    Sample(&'static str),
}

/// A component after each stage.
#[derive(Clone, Debug)]
pub(crate) struct Stages {
    /// Built with `cargo build --release`.
    pub(crate) plain: Vec<u8>,
    /// Built with the profile and the std of the shipped component.
    pub(crate) small: Vec<u8>,
    /// Also optimised and stripped as the shipped component.
    pub(crate) shrunk: Vec<u8>,
}

/// Builds `source` and returns all stages.
///
/// # Errors
/// Fails if it cannot be built, or if the optimiser rejects it.
pub(crate) fn stages(project: &Project, source: Source) -> Result<Stages> {
    let (plain, small) = (
        build(project, Mode::Plain, source)?,
        build(project, Mode::Small, source)?,
    );
    let shrunk = shrink(project, &small)?;
    Ok(Stages { plain, small, shrunk })
}

/// Returns only the last stage of `source`.
///
/// # Errors
/// Fails as [`stages`] does.
pub fn shrunk(project: &Project, source: Source) -> Result<Vec<u8>> {
    shrink(project, &build(project, Mode::Small, source)?)
}

/// Returns the features that the component's optimiser may use, with Binaryen's names.
///
/// # Errors
/// Fails if Binaryen has no name for one.
pub(crate) fn component_features() -> Result<Vec<&'static str>> {
    let names = features::for_binaryen(own_features::of(Artifact::Component))?;
    Ok(names.into_iter().collect())
}

fn build(project: &Project, mode: Mode, source: Source) -> Result<Vec<u8>> {
    toolchain::ensure(project, &[Need::WasmTargets, Need::RustSource])?;
    let target = Artifact::Component.target();
    match source {
        Source::Component(http) => build::build(project, mode, target, http, true),
        Source::Sample(package) => build::sample(project, mode, target, package),
    }
}

fn shrink(project: &Project, component: &[u8]) -> Result<Vec<u8>> {
    let shrunk = Optimiser::new(project)?.shrink(component);
    Ok(shrunk.context("could not shrink it")?.bytes)
}
