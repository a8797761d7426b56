//! `cargo xtask wasm`: from source to artifacts that may ship.
//!
//! ```text
//! cargo build (path from cargo's JSON) → Binaryen -Oz on every core module, in place → names and producers dropped
//!    → scanned for keys → validate → measure raw and gzip -9 → size-budget.toml → target/dist/
//! ```
//!
//! Modules in that order: [`build`], [`optimise`] with [`component`], [`secrets`], [`validate`], [`artifact`], [`report`].

mod artifact;
mod build;
mod component;
mod optimise;
mod report;
mod secrets;
mod validate;

use std::{fs, path::PathBuf, time::Instant};

use anyhow::{Context as _, Result};

use self::{artifact::Artifact, report::Report};
use crate::{
    budget::Budget,
    cli::{HttpBackend, Wasm, WasmTargets},
    project::Project,
    setup::{self, Need},
    ui,
};

impl Wasm {
    pub(crate) fn run(self, project: &Project) -> Result<()> {
        // Read first: a mistake in the budget file is cheaper to hear of now than after the build.
        let budget = match &self.budget {
            Some(path) => Budget::load(path),
            None => Budget::of(project),
        };
        let budget = if self.check_size { Some(budget?) } else { budget.ok() };
        setup::ensure(project, &[Need::WasmTargets, Need::RustSource])?;

        let report = make(project, &Artifact::plan(self.target), self.http, self.locked)?;
        report.write(&folder(project, self.http))?;
        report.print(self.json, budget.as_ref())?;
        match budget {
            Some(budget) if self.check_size => budget.check(&report.sizes(), &Artifact::names()),
            _ => Ok(()),
        }
    }
}

/// The artifacts that a smoke test runs.
#[derive(Clone, Debug)]
pub(crate) struct Shipped {
    /// The wasip2 component.
    pub(crate) component: PathBuf,
    /// The wasip1 core module.
    pub(crate) wasip1: PathBuf,
}

/// Brings the artifacts in `target/dist` up to date and says where they are. With nothing changed that takes a second.
pub(crate) fn ensure_built(project: &Project) -> Result<Shipped> {
    setup::ensure(project, &[Need::WasmTargets, Need::RustSource])?;
    make(project, &Artifact::plan(WasmTargets::All), HttpBackend::Raw, false)?.write(&project.dist)?;
    let path = |artifact: Artifact| project.dist.join(artifact.file_name());
    Ok(Shipped { component: path(Artifact::Component), wasip1: path(Artifact::Wasip1Module) })
}

/// Builds, shrinks, validates and measures `artifacts`, one after the other, and puts them into their folder.
fn make(project: &Project, artifacts: &[Artifact], http: HttpBackend, locked: bool) -> Result<Report> {
    let dist = folder(project, http);
    fs::create_dir_all(&dist).with_context(|| format!("could not make the folder `{}`", dist.display()))?;
    let mut report = Report::new(project)?;
    let optimiser = optimise::Optimiser::new(project)?;
    for &artifact in artifacts {
        let name = artifact.file_name();

        let started = Instant::now();
        ui::status("Building", &format!("{name} for {}", artifact.target()));
        let built = build::build(project, artifact.target(), http, locked)?;
        report.step(artifact, "build", started, built.len());

        let started = Instant::now();
        let optimised = component::rewrite(&built, &mut |module| optimiser.optimise(module))
            .with_context(|| format!("could not optimise {name}"))?;
        report.step(artifact, "optimise", started, optimised.len());

        let started = Instant::now();
        let stripped = component::strip(&optimised).with_context(|| format!("could not strip {name}"))?;
        secrets::scan(&stripped).with_context(|| format!("{name} must not ship"))?;
        validate::validate(&stripped, artifact).with_context(|| format!("{name} is not valid"))?;
        report.step(artifact, "strip, validate", started, stripped.len());

        let started = Instant::now();
        let measured = artifact::write(&dist, artifact, &stripped)?;
        report.step(artifact, "gzip -9", started, measured.gzip);
        report.measured(artifact, measured);
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
