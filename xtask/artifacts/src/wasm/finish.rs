//! Makes the file that ships from what the compiler left.

use std::{path::Path, time::Instant};

use anyhow::{Context as _, Result};
use builds::secrets;
use devkit::project::Project;
use flags::values::Artifact;
use wasm_diet::{Anatomy, Shrunk};

use super::{
    OWNERS,
    ahead::Compiled,
    artifact::{self, write_named},
    heap, lower,
    metadata::Metadata,
    optimise::Optimiser,
    relink,
    report::Report,
    validate,
};

/// Shrinks, validates, measures and writes an artifact, and records each step.
pub(super) fn finish(
    project: &Project,
    dist: &Path,
    optimiser: &Optimiser<'_>,
    report: &mut Report,
    compiled: Compiled,
) -> Result<()> {
    let Compiled {
        artifact,
        bytes,
        took,
    } = compiled;
    let name = artifact.file_name();
    report.step_that_took(artifact, "build", took, bytes.len());

    let started = Instant::now();
    let lowered = match artifact {
        Artifact::Component | Artifact::Served | Artifact::ServedP3 => bytes,
        Artifact::Wasip1Module => lower::lower(&bytes)
            .with_context(|| format!("could not remove later WebAssembly features from {name}"))?,
    };
    let shrunk = optimiser
        .shrink(&lowered)
        .with_context(|| format!("could not shrink {name}"))?;
    let Shrunk {
        bytes: mut stripped,
        mut named,
        ..
    } = shrunk;
    report.step(artifact, "optimise, strip", started, stripped.len());
    if artifact.is_component() {
        let started = Instant::now();
        stripped = relink::relink(&stripped).with_context(|| format!("could not link {name}"))?;
        named = relink::relink(&named).with_context(|| format!("could not link {name} with names"))?;
        report.step(artifact, "relink", started, stripped.len());
    }
    heap::check(&named).with_context(|| format!("{name} must not ship"))?;
    write_named(project, artifact, &named)?;

    let started = Instant::now();
    let metadata = Metadata::of(project, artifact, report.revision())?;
    stripped = metadata.added_to(&stripped)?;
    secrets::scan(&stripped).with_context(|| format!("{name} must not ship"))?;
    validate::validate(&stripped, artifact).with_context(|| format!("{name} is not valid"))?;
    report.step(artifact, "validate", started, stripped.len());

    let started = Instant::now();
    let compressed = artifact::write(dist, artifact, &stripped)?;
    report.step(artifact, "gzip -9", started, compressed.len());
    report.measured(
        artifact,
        Anatomy::of_stripped(&named, &stripped, &compressed, &OWNERS)?,
    );
    Ok(())
}
