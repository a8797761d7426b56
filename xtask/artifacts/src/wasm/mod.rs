//! `cargo xtask wasm`: from source to artifacts that may ship.
//!
//! ```text
//! cargo build (path from cargo's JSON) → later WebAssembly features taken out of the wasip1 module
//!    → Binaryen -Oz on every core module, in place → names and producers dropped → scanned for keys
//!    → validate, with exactly the listed features → measure raw and gzip -9 → size-budget.toml → target/dist/
//! ```
//!
//! Modules in that order: [`build`], [`lower`], [`optimise`], [`validate`] with [`features`], [`artifact`], [`report`], and
//! [`growth`] where the budget does not hold. [`mod@stages`] is the same way for components of others, to compare with. What takes
//! binaries apart and puts them together again is in the package `wasm-diet`.

mod artifact;
mod build;
mod features;
mod growth;
mod lower;
mod optimise;
mod report;
mod stages;
mod validate;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use devkit::{budget::Budget, cargo::Variant, files, project::Project, secrets, ui};
use flags::{HttpBackend, Wasm, values::Artifact};
use toolchain::Need;
use wasm_diet::{Anatomy, Owners, Profile, component};

use self::{build::Way, report::Report};

pub use self::stages::{Source, shrunk};
pub(crate) use self::{
    growth::{baseline, baseline_path, explain},
    report::measured,
    stages::{Stages, component_features, stages},
};

/// Builds the artifacts that were asked for, and prints their sizes.
///
/// # Errors
/// Fails if one cannot be built, must not ship, or is over its budget where that is checked.
pub fn run(project: &Project, flags: &Wasm) -> Result<()> {
    // Read first: a mistake in the budget file is cheaper to hear of now than after the build.
    let budget = match &flags.budget {
        Some(path) => Budget::load(path),
        None => Budget::of(project),
    };
    let budget = if flags.check_size { Some(budget?) } else { budget.ok() };
    toolchain::ensure(project, &[Need::WasmTargets, Need::RustSource])?;

    let report = make(project, project, &artifact::plan(flags.target), flags.http, flags.locked)?;
    report.write(&folder(project, flags.http))?;
    report.print(flags.json, budget.as_ref())?;
    match budget {
        Some(budget) if flags.check_size => budget
            .check(&report.sizes(), &flags::shipped())
            .map_err(|error| explain(project, &report.profile(), &error)),
        _ => Ok(()),
    }
}

/// Has clippy look at the program that runs Binaryen.
///
/// # Errors
/// Fails if clippy warns of something, and has said of what.
pub fn check_optimiser(project: &Project) -> Result<()> {
    optimise::PROGRAM.lint(project, &Variant::default())
}

/// The owners of what no symbol says.
pub(crate) const OWNERS: Owners<'_> = Owners { program: "clawft", prefixes: &[("clawft_", "clawft_wasm")] };

/// The artifacts that a smoke test runs.
#[derive(Clone, Debug)]
pub struct Shipped {
    /// The wasip2 component.
    pub component: PathBuf,
    /// The wasip1 core module.
    pub wasip1: PathBuf,
}

/// Brings the artifacts in `target/dist` up to date and says where they are. With nothing changed that takes a second.
pub fn ensure_built(project: &Project) -> Result<Shipped> {
    profile(project, project)?;
    Ok(shipped_in(&project.dist))
}

fn shipped_in(dist: &Path) -> Shipped {
    let path = |artifact: Artifact| dist.join(artifact.file_name());
    Shipped { component: path(Artifact::Component), wasip1: path(Artifact::Wasip1Module) }
}

/// Makes the artifacts as they are released, from exactly what `Cargo.lock` names, and says where they are: `size.json` is beside
/// them.
///
/// # Errors
/// One can't be built, must not ship, or is over its budget.
pub fn release(project: &Project) -> Result<Shipped> {
    let budget = Budget::of(project)?;
    toolchain::ensure(project, &[Need::WasmTargets, Need::RustSource])?;
    let report = make(project, project, &Artifact::ALL, HttpBackend::Raw, true)?;
    report.write(&project.dist)?;
    budget
        .check(&report.sizes(), &flags::shipped())
        .map_err(|error| explain(project, &report.profile(), &error))?;
    Ok(shipped_in(&project.dist))
}

/// The program `sessions-guest`, made for the same runtimes as the module and in the same way, but for the optimiser.
pub fn ensure_sessions_guest_built(project: &Project) -> Result<PathBuf> {
    toolchain::ensure(project, &[Need::WasmTargets, Need::RustSource])?;
    let built = build::program(project, Artifact::Wasip1Module.target(), "sessions-guest")?;
    let path = project.target.join("xtask").join("sessions-guest.wasm");
    files::replace(&path, &lower::lower(&built)?)?;
    Ok(path)
}

/// Brings the artifacts of `project` up to date with the tools of another checkout, and says what is in them.
pub(crate) fn profile(tools: &Project, project: &Project) -> Result<Profile> {
    toolchain::ensure(tools, &[Need::WasmTargets, Need::RustSource])?;
    let report = make(tools, project, &Artifact::ALL, HttpBackend::Raw, false)?;
    report.write(&project.dist)?;
    Ok(report.profile())
}

/// Says what is in the artifacts of `project`, another commit, as the tools of this one make them. What they can't make of it
/// is left out with a warning.
pub(crate) fn profile_of_another(tools: &Project, project: &Project) -> Result<Profile> {
    toolchain::ensure(tools, &[Need::WasmTargets, Need::RustSource])?;
    let mut profile = Profile::default();
    for artifact in Artifact::ALL {
        match make(tools, project, &[artifact], HttpBackend::Raw, true) {
            Ok(report) => profile.artifacts.extend(report.profile().artifacts),
            Err(error) => ui::warn(&format!("no {} of the other commit: {error:#}", artifact.file_name())),
        }
    }
    ensure!(!profile.artifacts.is_empty(), "none of its artifacts can be built");
    Ok(profile)
}

/// Where the artifact of this file name is kept as it was before the names of its functions were dropped.
pub(crate) fn named(project: &Project, file_name: &str) -> PathBuf {
    project.target.join("xtask").join("named").join(file_name)
}

/// Builds, shrinks, validates and measures `artifacts`, one after the other, and puts them into their folder.
/// What is kept of `tools` serves any checkout: the optimiser and its results.
fn make(
    tools: &Project,
    project: &Project,
    artifacts: &[Artifact],
    http: HttpBackend,
    locked: bool,
) -> Result<Report> {
    let dist = folder(project, http);
    fs::create_dir_all(&dist).with_context(|| format!("could not make the folder `{}`", dist.display()))?;
    let mut report = Report::new(project)?;
    let optimiser = optimise::Optimiser::new(tools)?;
    for &artifact in artifacts {
        let name = artifact.file_name();

        let started = Instant::now();
        ui::status("Building", &format!("{name} for {}", artifact.target()));
        let built = build::build(project, Way::Named, artifact.target(), http, locked)?;
        report.step(artifact, "build", started, built.len());

        let started = Instant::now();
        let built = match artifact {
            Artifact::Component => built,
            Artifact::Wasip1Module => lower::lower(&built)
                .with_context(|| format!("could not take later WebAssembly features out of {name}"))?,
        };
        let features = features::of(artifact);
        let named = wasm_diet::optimise(&built, &mut |module| optimiser.optimise(module, features))
            .with_context(|| format!("could not optimise {name}"))?;
        report.step(artifact, "optimise", started, named.len());
        artifact::write_named(project, artifact, &named)?;

        let started = Instant::now();
        let stripped = component::strip(&named).with_context(|| format!("could not strip {name}"))?;
        secrets::scan(&stripped).with_context(|| format!("{name} must not ship"))?;
        validate::validate(&stripped, artifact).with_context(|| format!("{name} is not valid"))?;
        report.step(artifact, "strip, validate", started, stripped.len());

        let started = Instant::now();
        let compressed = artifact::write(&dist, artifact, &stripped)?;
        report.step(artifact, "gzip -9", started, compressed.len());
        report.measured(artifact, Anatomy::of_stripped(&named, &stripped, &compressed, &OWNERS)?);
    }
    Ok(report)
}

/// Where the artifacts go. Strategy A is for comparison and must never be taken for what ships.
fn folder(project: &Project, http: HttpBackend) -> PathBuf {
    match http {
        HttpBackend::Raw => project.dist.clone(),
        HttpBackend::Client => project.dist.join("http-client"),
    }
}
