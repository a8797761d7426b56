//! `cargo xtask wasm`: builds the artifacts that ship.
//!
//! ```text
//! cargo rustc (path from cargo's JSON) → one result a function
//!    → later WebAssembly features taken out of the wasip1 module
//!    → wasm-diet: Binaryen -Oz on every core module, functions for frequent sequences, names and producers dropped
//!    → checked for another heap
//!    → the component's metadata added → scanned for keys → validate, with exactly the listed features
//!    → measure raw and gzip -9 → size-budget.toml → target/dist/
//! ```
//!
//! Modules in that order: [`build`] for a [`target`], [`results`], then [`finish`] with [`lower`], [`optimise`],
//! [`outline`], [`heap`], [`metadata`], [`validate`] with [`features`], [`artifact`], [`report`], and [`growth`] for an
//! exceeded budget. [`ahead`] compiles an artifact while the one before it is shrunk.
//! [`mod@stages`] takes the samples of a comparison through the same steps. The package `wasm-diet` parses and
//! assembles binaries.

mod ahead;
mod artifact;
mod build;
mod features;
mod finish;
mod growth;
mod heap;
mod lower;
mod metadata;
mod optimise;
mod outline;
mod relink;
mod report;
mod results;
mod stages;
mod target;
mod validate;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use builds::{budget::Budget, files};
use devkit::{project::Project, revision, ui};
use flags::{HttpBackend, Wasm, values::Artifact};
use toolchain::Need;
use wasm_diet::{Owners, Profile};

use self::report::Report;

pub use self::stages::{Source, shrunk};
pub(crate) use self::{
    growth::{baseline, baseline_path, explain},
    report::measured,
    stages::{Stages, component_features, stages},
};

/// Builds the requested artifacts, and prints their sizes.
///
/// # Errors
/// Fails if one cannot be built, must not ship, or exceeds its budget where that is checked.
pub fn run(project: &Project, flags: &Wasm) -> Result<()> {
    // The budget file comes first, so that an error in it is reported before the build.
    let budget = match &flags.budget {
        Some(path) => Budget::load(path),
        None => Budget::of(project),
    };
    let budget = if flags.check_size {
        Some(budget?)
    } else {
        budget.ok()
    };
    toolchain::ensure(project, &[Need::WasmTargets, Need::RustSource])?;

    let report = make(
        project,
        project,
        &artifact::plan(flags.target),
        flags.http,
        flags.locked,
        revision::of(project)?,
    )?;
    report.write(&directory(project, flags.http))?;
    report.print(flags.json, budget.as_ref())?;
    match budget {
        Some(budget) if flags.check_size => budget
            .check(&report.sizes(), &flags::shipped())
            .map_err(|error| explain(project, &report.profile(), &error)),
        _ => Ok(()),
    }
}

/// Runs clippy on the program that runs Binaryen.
///
/// # Errors
/// Fails if clippy reports a warning, which it prints.
pub fn check_optimiser(project: &Project) -> Result<()> {
    optimise::PROGRAM.lint(project, &optimise::variant())
}

/// Returns the path of the command `wasm-diet` with Binaryen inside, which is compiled if necessary.
///
/// # Errors
/// Fails if it cannot be compiled.
pub fn ensure_diet_built(project: &Project) -> Result<PathBuf> {
    optimise::PROGRAM.ensure_variant_built(project, &optimise::variant())
}

/// The owners of bytes without a symbol.
pub(crate) const OWNERS: Owners<'_> = Owners {
    program: "clawft",
    prefixes: &[("clawft_", "clawft_wasm")],
    others: "wasi-libc",
    unnamed: ("repeated code", "sequences that became functions"),
};

/// The artifacts that the end-to-end tests run.
#[derive(Clone, Debug)]
pub struct Shipped {
    /// The wasip2 component.
    pub component: PathBuf,
    /// The wasip1 core module.
    pub wasip1: PathBuf,
    /// The component to serve, for WASI 0.2.
    pub served: PathBuf,
    /// The component to serve, for WASI 0.3.
    pub served_p3: PathBuf,
}

/// Brings the artifacts in `target/dist` up to date and returns their paths. Takes about a second if nothing has
/// changed.
pub fn ensure_built(project: &Project) -> Result<Shipped> {
    profile(project, project)?;
    Ok(shipped_in(&project.dist))
}

/// Brings the components that are served up to date, and returns the paths of all artifacts.
///
/// # Errors
/// Fails as [`ensure_built`] does.
pub fn ensure_served_built(project: &Project) -> Result<Shipped> {
    toolchain::ensure(project, &[Need::WasmTargets, Need::RustSource])?;
    let served = [Artifact::Served, Artifact::ServedP3];
    let revision = revision::of(project)?;
    make(project, project, &served, HttpBackend::Raw, false, revision)?;
    Ok(shipped_in(&project.dist))
}

fn shipped_in(dist: &Path) -> Shipped {
    let path = |artifact: Artifact| dist.join(artifact.file_name());
    Shipped {
        component: path(Artifact::Component),
        wasip1: path(Artifact::Wasip1Module),
        served: path(Artifact::Served),
        served_p3: path(Artifact::ServedP3),
    }
}

/// Builds the artifacts of a release, from exactly the versions in `Cargo.lock`, and returns their paths.
/// `size.json` is beside them.
///
/// # Errors
/// Fails if one cannot be built, must not ship, or exceeds its budget.
pub fn release(project: &Project) -> Result<Shipped> {
    let budget = Budget::of(project)?;
    toolchain::ensure(project, &[Need::WasmTargets, Need::RustSource])?;
    let revision = revision::of(project)?;
    let report = make(project, project, &Artifact::ALL, HttpBackend::Raw, true, revision)?;
    report.write(&project.dist)?;
    budget
        .check(&report.sizes(), &flags::shipped())
        .map_err(|error| explain(project, &report.profile(), &error))?;
    Ok(shipped_in(&project.dist))
}

/// Builds the program `sessions-guest` for the runtimes of the module and with its settings, without the
/// optimiser.
pub fn ensure_sessions_guest_built(project: &Project) -> Result<PathBuf> {
    toolchain::ensure(project, &[Need::WasmTargets, Need::RustSource])?;
    let built = build::program(project, Artifact::Wasip1Module.target(), "sessions-guest")?;
    let path = project.target.join("xtask").join("sessions-guest.wasm");
    files::replace(&path, &lower::lower(&built)?)?;
    Ok(path)
}

/// Brings the artifacts of `project` up to date with the tools of another checkout, and returns their profile.
pub(crate) fn profile(tools: &Project, project: &Project) -> Result<Profile> {
    toolchain::ensure(tools, &[Need::WasmTargets, Need::RustSource])?;
    let revision = revision::of(project)?;
    let report = make(tools, project, &Artifact::ALL, HttpBackend::Raw, false, revision)?;
    report.write(&project.dist)?;
    Ok(report.profile())
}

/// Returns the profile of the artifacts of `project`, the files of `commit`, built with the tools of this checkout.
/// Artifacts that cannot be built are left out with a warning.
pub(crate) fn profile_of_another(tools: &Project, project: &Project, commit: &str) -> Result<Profile> {
    toolchain::ensure(tools, &[Need::WasmTargets, Need::RustSource])?;
    let mut profile = Profile::default();
    for artifact in Artifact::ALL {
        match make(
            tools,
            project,
            &[artifact],
            HttpBackend::Raw,
            true,
            Some(commit.to_owned()),
        ) {
            Ok(report) => profile.artifacts.extend(report.profile().artifacts),
            Err(error) => ui::warn(&format!(
                "no {} of the other commit: {error:#}",
                artifact.file_name()
            )),
        }
    }
    ensure!(
        !profile.artifacts.is_empty(),
        "none of its artifacts can be built"
    );
    Ok(profile)
}

/// Returns the path of the artifact of this file name with the names of its functions.
pub(crate) fn named(project: &Project, file_name: &str) -> PathBuf {
    project.target.join("xtask").join("named").join(file_name)
}

/// Builds, shrinks, validates and measures `artifacts` of `revision`, and writes them to their directory. The files of
/// `tools`, the optimiser and its results, serve any checkout.
fn make(
    tools: &Project,
    project: &Project,
    artifacts: &[Artifact],
    http: HttpBackend,
    locked: bool,
    revision: Option<String>,
) -> Result<Report> {
    let dist = directory(project, http);
    fs::create_dir_all(&dist)
        .with_context(|| format!("could not make the directory `{}`", dist.display()))?;
    let mut report = Report::new(project, revision)?;
    let optimiser = optimise::Optimiser::new(tools)?;
    let compile = |artifact| build::artifact(project, artifact, http, locked);
    ahead::each(artifacts, compile, |compiled| {
        finish::finish(project, &dist, &optimiser, &mut report, compiled)
    })?;
    Ok(report)
}

/// Returns the directory of the artifacts. A component with the other HTTP client is for comparison and must never
/// be mistaken for the shipped one.
fn directory(project: &Project, http: HttpBackend) -> PathBuf {
    match http {
        HttpBackend::Raw => project.dist.clone(),
        HttpBackend::Client => project.dist.join("http-client"),
    }
}
