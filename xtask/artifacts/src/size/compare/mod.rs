//! `cargo xtask size compare`: the same work with other stacks, built, shrunk and run side by side.
//!
//! [`stack`] says what is compared, [`trial`] has each do its work, [`comparison`] is what came of it. [`render`] tells that
//! as a table and [`chart`] draws it; both stand in `docs/`, and `xtask/size/compare.json` holds what they were made from.

mod chart;
mod comparison;
mod render;
mod stack;
mod trial;

use anyhow::{Context as _, Result};
use devkit::{cmd, files, project::Project, ui};
use wasm_diet::{Sizes, json};

use self::{
    comparison::{Comparison, Row},
    stack::{STACKS, Stack},
    trial::Trials,
};

/// Where the results are kept, from the root on.
const RESULTS: &str = "xtask/size/compare.json";
/// The page that tells of them.
const PAGE: &str = "docs/size.md";
/// The chart on it.
const CHART: &str = "docs/size-compare.svg";

/// Builds, shrinks and runs all stacks, prints what came of it, and writes it into the documentation.
///
/// # Errors
/// One can't be built or shrunk or does not do its work; or a file can't be read or written.
pub(super) fn run(project: &Project, json: bool) -> Result<()> {
    let trials = Trials::prepare(project)?;
    let mut rows = Vec::new();
    for stack in STACKS {
        rows.extend(rows_of(project, &trials, stack)?);
    }
    let shell = project.shell()?;
    let toolchain = cmd::read(xshell::cmd!(shell, "rustc --version"), "ask rustc for its version")?;
    let comparison = Comparison { toolchain, wasmtime: trials.version().to_owned(), rows };
    let text = json::lines(&comparison)?;
    write(project, &comparison, &text)?;
    ui::result(if json { text } else { render::table(&comparison) }.as_str())
}

/// The rows of a stack: its own, and where our optimiser is compared with another one, a row for that.
fn rows_of(project: &Project, trials: &Trials, stack: &Stack) -> Result<Vec<Row>> {
    ui::status("Comparing", stack.name);
    let stages = stack.build(project)?;
    let row = |name: String, shrunk: &[u8]| -> Result<Row> {
        let trials = stack.attempt(trials, shrunk).with_context(|| format!("could not try {name}"))?;
        Ok(Row { name, ours: false, plain: None, small: None, shrunk: measure(shrunk)?, trials })
    };
    let (plain, small) = (Some(measure(&stages.plain)?), Some(measure(&stages.small)?));
    let mut rows = vec![Row { ours: stack.ours, plain, small, ..row(stack.title()?, &stages.shrunk)? }];
    if stack.by_others_too {
        let (name, shrunk) = stack::by_jco(project, &stages.small)?;
        rows.push(row(name, &shrunk)?);
    }
    Ok(rows)
}

fn measure(component: &[u8]) -> Result<Sizes> {
    let compressed = files::gzip(component).context("could not compress")?;
    Ok(Sizes { raw: component.len(), gzip: compressed.len() })
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
    use std::fs;

    use super::*;

    #[test]
    fn the_documentation_says_and_shows_what_was_measured() {
        let root = devkit::project::root().unwrap();
        let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
        let comparison: Comparison = serde_json::from_str(&read(RESULTS)).unwrap();
        let page = read(PAGE);
        assert_eq!(render::put_into(&page, &comparison).unwrap(), page, "run `cargo xtask size compare`");
        assert_eq!(chart::draw(&comparison), read(CHART), "run `cargo xtask size compare`");
        for stack in STACKS {
            let title = stack.title().unwrap();
            assert!(comparison.rows.iter().any(|row| row.name == title), "{title}: compare again");
        }
    }
}
