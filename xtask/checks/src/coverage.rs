//! `cargo xtask coverage`: compares the lines that the tests run with the floors in `xtask/data/coverage.toml`.
//!
//! cargo-tarpaulin measures, because it reads the output of rustc's instrumentation itself: no LLVM component has
//! to be downloaded, and the system's LLVM need not match the compiler. It is compiled when this command first
//! needs it.
//!
//! Modules in reading order: [`measured`] reads tarpaulin's report, [`floors`] is the file, [`groups`] combines
//! both, and [`table`] is the output.

mod floors;
mod groups;
mod measured;
mod table;

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use builds::{files, progress, temporary};
use comfy_table::presets;
use devkit::{cmd, project::Project, ui};
use flags::Coverage;
use toolchain::Tool;
use xshell::cmd;

use self::{floors::Floors, measured::Source};

/// The time limit of one test program, in seconds. Instrumented lines take several times as long as plain ones,
/// and tarpaulin's default limit is a minute.
const TEST_TIMEOUT: &str = "900";

pub(crate) fn run(project: &Project, flags: &Coverage) -> Result<()> {
    let floors = Floors::load()?;
    let sources = measure(project, &floors.packages)?;
    let groups = groups::gather(&floors, sources)?;
    ui::result(
        &table::table(&groups)
            .load_style(presets::UTF8_BORDERS_ONLY)
            .to_string(),
    )?;
    ui::result(&table::unmeasured(&floors.elsewhere))?;
    let shown = groups.iter().filter(|group| flags.lines || !group.holds());
    shown.for_each(|group| eprint!("{}", table::missed(group)));
    let below: Vec<&str> = groups
        .iter()
        .filter(|group| !group.holds())
        .map(|group| group.name.as_str())
        .collect();
    ensure!(
        below.is_empty(),
        "coverage is below its floor in `{}`",
        below.join("`, `")
    );
    Ok(())
}

/// Returns the files that the native build leaves out, as globs from the workspace's root.
pub(crate) fn unmeasured() -> Result<Vec<String>> {
    Ok(Floors::load()?
        .elsewhere
        .into_iter()
        .map(|file| match file.path.ends_with('/') {
            true => file.path + "**",
            false => file.path,
        })
        .collect())
}

/// Runs the tests of `packages` and counts the lines that they run.
fn measure(project: &Project, packages: &[String]) -> Result<Vec<Source>> {
    let tarpaulin = toolchain::tool(project, Tool::CargoTarpaulin)?;
    let shell = project.shell()?;
    let target = project.target.join("xtask").join("coverage");
    fs::create_dir_all(&target)
        .with_context(|| format!("could not make the directory `{}`", target.display()))?;
    let report = temporary::directory()?;
    let directory = report.path();
    let packages = packages.iter().flat_map(|package| ["--packages", package]);
    let command = cmd!(
        shell,
        "{tarpaulin} tarpaulin --engine llvm --ignore-config --locked --skip-clean --color never
            --timeout {TEST_TIMEOUT} --target-dir {target} --out Json --output-dir {directory}"
    );
    progress::show("Measuring", "the lines that the tests run", || {
        cmd::run_quietly(command.args(packages), "measure the coverage", 60)
    })?;
    read(&directory.join("tarpaulin-report.json"), &project.root)
}

fn read(report: &Path, root: &Path) -> Result<Vec<Source>> {
    let bytes = files::read(report)?;
    measured::sources(&bytes, root).context("could not read tarpaulin's report")
}
