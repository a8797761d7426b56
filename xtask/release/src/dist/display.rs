//! The plan as text, for `--dry-run`.

use std::{iter, path::Path};

use anyhow::{Context as _, Result};
use flags::values::Target;
use serde_json::{Value, json};

use super::{
    deb,
    execute::{archive_name, release_directory},
    plan::Step,
    sums,
};

/// Returns `steps` as text, one a line, or as JSON.
pub(super) fn steps(steps: &[Step], as_json: bool) -> Result<String> {
    if as_json {
        let steps: Vec<Value> = steps.iter().map(json).collect();
        return serde_json::to_string_pretty(&steps).context("could not write the plan");
    }
    Ok(steps.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn line(step: &Step) -> String {
    let makes = makes(step).join(", ");
    match step {
        Step::Build(targets) => format!("build     {} → {makes}", triples(targets).join(", ")),
        Step::Measure(targets) => format!("measure   {}, raw and gzip -9", files(targets).join(", ")),
        Step::Describe(target) => {
            format!(
                "describe  man page and completions, as {} prints them",
                target.file_name()
            )
        }
        Step::Pack(target) => {
            format!(
                "pack      {} with its pages and documents → {makes}",
                target.file_name()
            )
        }
        Step::Sum => format!("sum       every file of the release → {makes}"),
    }
}

fn json(step: &Step) -> Value {
    let (name, targets) = match step {
        Step::Build(targets) => ("build", triples(targets)),
        Step::Measure(targets) => ("measure", triples(targets)),
        Step::Describe(target) => ("describe", vec![target.triple()]),
        Step::Pack(target) => ("pack", vec![target.triple()]),
        Step::Sum => ("sum", Vec::new()),
    };
    json!({ "step": name, "targets": targets, "makes": makes(step) })
}

/// Returns the files that a step writes.
fn makes(step: &Step) -> Vec<String> {
    let dist = Path::new("target/dist");
    let release = |name: &str| release_directory(dist).join(name);
    let paths = match step {
        Step::Build(targets) => files(targets).into_iter().map(|name| dist.join(name)).collect(),
        Step::Measure(_) | Step::Describe(_) => Vec::new(),
        Step::Pack(target) => {
            let package = deb::name(*target).map(|name| release(&name));
            let archive = release(&archive_name(*target));
            iter::once(archive).chain(package).collect()
        }
        Step::Sum => vec![release(sums::FILE_NAME)],
    };
    paths.iter().map(|path| path.display().to_string()).collect()
}

fn triples(targets: &[Target]) -> Vec<&'static str> {
    targets.iter().map(|target| target.triple()).collect()
}

fn files(targets: &[Target]) -> Vec<&'static str> {
    targets.iter().map(|target| target.file_name()).collect()
}
