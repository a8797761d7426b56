//! `cargo xtask size compare`: builds, shrinks and runs the same work with other HTTP stacks.
//!
//! [`stack`] lists the stacks, [`trial`] runs each, and [`comparison`] is the result. [`render`] makes a table of
//! it and [`chart`] a drawing, both for `docs/`; `xtask/data/size/compare.json` holds the numbers.

mod chart;
mod comparison;
mod render;
mod stack;
mod trial;

use anyhow::{Context as _, Result};
use builds::files;
use devkit::{cmd, project::Project, ui};
use wasm_diet::{Sizes, json};

use self::{
    comparison::{Comparison, Row},
    stack::{STACKS, Stack},
    trial::Trials,
};

/// The file with the results, relative to the root.
const RESULTS: &str = "xtask/data/size/compare.json";
/// The page with the table.
const PAGE: &str = "docs/size.md";
/// The chart on the page.
const CHART: &str = "docs/size-compare.svg";

/// Builds, shrinks and runs all stacks, prints the results, and writes them into the documentation.
///
/// # Errors
/// Fails if a stack cannot be built or shrunk or does not do its work; or if a file cannot be read or written.
pub(super) fn run(project: &Project, json: bool) -> Result<()> {
    let trials = Trials::prepare(project)?;
    let mut rows = Vec::new();
    for stack in STACKS {
        rows.extend(rows_of(project, &trials, stack)?);
    }
    let shell = project.shell()?;
    let toolchain = cmd::read(
        xshell::cmd!(shell, "rustc --version"),
        "ask rustc for its version",
    )?;
    let comparison = Comparison {
        toolchain,
        wasmtime: trials.version().to_owned(),
        rows,
    };
    let text = json::lines(&comparison)?;
    write(project, &comparison, &text)?;
    ui::result(if json { text } else { render::table(&comparison) }.as_str())
}

/// Returns the rows of a stack: one for the stack, and one for each other optimiser that is compared.
fn rows_of(project: &Project, trials: &Trials, stack: &Stack) -> Result<Vec<Row>> {
    ui::status("Comparing", stack.name);
    let stages = stack.build(project)?;
    let row = |name: String, shrunk: &[u8]| -> Result<Row> {
        let trials = stack
            .attempt(trials, shrunk)
            .with_context(|| format!("could not run {name}"))?;
        Ok(Row {
            name,
            ours: false,
            plain: None,
            small: None,
            shrunk: measure(shrunk)?,
            trials,
        })
    };
    let (plain, small) = (Some(measure(&stages.plain)?), Some(measure(&stages.small)?));
    let mut rows = vec![Row {
        ours: stack.ours,
        plain,
        small,
        ..row(stack.title()?, &stages.shrunk)?
    }];
    if stack.by_others_too {
        let (name, shrunk) = stack::by_jco(project, &stages.small)?;
        rows.push(row(name, &shrunk)?);
    }
    Ok(rows)
}

fn measure(component: &[u8]) -> Result<Sizes> {
    let compressed = files::gzip(component).context("could not compress")?;
    Ok(Sizes {
        raw: component.len(),
        gzip: compressed.len(),
    })
}

fn write(project: &Project, comparison: &Comparison, text: &str) -> Result<()> {
    let path = project.root.join(PAGE);
    let page = files::read_text(&path)?;
    files::replace(&project.root.join(RESULTS), format!("{text}\n").as_bytes())?;
    files::replace(&project.root.join(CHART), chart::draw(comparison).as_bytes())?;
    files::replace(&path, render::put_into(&page, comparison)?.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::{env, fs};

    use super::*;

    /// The committed documents must match the results. `BLESS=1` writes them anew, without measuring anything.
    #[test]
    fn documentation_has_measured_table_and_chart() {
        let project = Project::discover().unwrap();
        let read = |path: &str| fs::read_to_string(project.root.join(path)).unwrap();
        let comparison: Comparison = serde_json::from_str(&read(RESULTS)).unwrap();
        if env::var_os("BLESS").is_some() {
            write(&project, &comparison, read(RESULTS).trim_end()).unwrap();
        }
        let page = read(PAGE);
        assert_eq!(
            render::put_into(&page, &comparison).unwrap(),
            page,
            "run `cargo xtask size compare`"
        );
        assert_eq!(
            chart::draw(&comparison),
            read(CHART),
            "run `cargo xtask size compare`"
        );
        for stack in STACKS {
            let title = stack.title().unwrap();
            assert!(
                comparison.rows.iter().any(|row| row.name == title),
                "{title}: compare again"
            );
        }
    }
}
