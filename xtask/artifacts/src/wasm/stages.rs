//! What each step of the way makes of a component, ours or another: for whoever compares.

use anyhow::{Context as _, Result};
use devkit::project::Project;
use flags::{HttpBackend, values::Artifact};
use toolchain::Need;
use wasm_diet::{
    component::{rewrite, strip},
    features,
};

use super::{
    build::{self, Way},
    features as own_features,
    optimise::Optimiser,
};

/// What a component is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Ours, with this HTTP.
    Component(HttpBackend),
    /// A package of `xtask/size-samples`.
    Sample(&'static str),
}

/// A component after each step.
#[derive(Clone, Debug)]
pub(crate) struct Stages {
    /// As `cargo build --release` makes it.
    pub(crate) plain: Vec<u8>,
    /// With the profile and the std of what ships.
    pub(crate) small: Vec<u8>,
    /// That, optimised and stripped as what ships.
    pub(crate) shrunk: Vec<u8>,
}

/// Builds `source` and takes it all the way.
///
/// # Errors
/// It can't be built, or the optimiser refuses it.
pub(crate) fn stages(project: &Project, source: Source) -> Result<Stages> {
    let (plain, small) = (build(project, Way::Plain, source)?, build(project, Way::Small, source)?);
    let shrunk = shrink(project, &small)?;
    Ok(Stages { plain, small, shrunk })
}

/// The last of the stages of `source` alone.
///
/// # Errors
/// As [`stages`].
pub fn shrunk(project: &Project, source: Source) -> Result<Vec<u8>> {
    shrink(project, &build(project, Way::Small, source)?)
}

/// The features that the component's optimiser may use, as Binaryen calls them.
///
/// # Errors
/// One has no name there.
pub(crate) fn component_features() -> Result<Vec<&'static str>> {
    features::for_binaryen(own_features::of(Artifact::Component))
}

fn build(project: &Project, way: Way, source: Source) -> Result<Vec<u8>> {
    toolchain::ensure(project, &[Need::WasmTargets, Need::RustSource])?;
    let target = Artifact::Component.target();
    match source {
        Source::Component(http) => build::build(project, way, target, http, true),
        Source::Sample(package) => build::sample(project, way, target, package),
    }
}

fn shrink(project: &Project, component: &[u8]) -> Result<Vec<u8>> {
    let (optimiser, features) = (Optimiser::new(project)?, own_features::of(Artifact::Component));
    let optimised = rewrite(component, &mut |module| optimiser.optimise(module, features))
        .context("could not optimise it")?;
    strip(&optimised).context("could not strip it")
}
