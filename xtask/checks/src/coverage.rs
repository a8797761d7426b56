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

use self::{floors::Floors, groups::Gathered, measured::Source};

/// The time limit of one test program, in seconds. Instrumented lines take several times as long as plain ones,
/// and tarpaulin's default limit is a minute.
const TEST_TIMEOUT: &str = "900";

pub(crate) fn run(project: &Project, flags: &Coverage) -> Result<()> {
    let floors = Floors::load()?;
    let directory = project.target.join("xtask").join("coverage");
    let report = directory.join("report.json");
    if !flags.last {
        measure(project, &floors.packages, &directory, &report)?;
    }
    let sources = read(&report, &project.root)?;
    let Gathered { groups, faults } = groups::gather(&floors, sources);
    ui::result(
        &table::table(&groups)
            .load_style(presets::UTF8_BORDERS_ONLY)
            .to_string(),
    )?;
    ui::result(&table::unmeasured(&floors.elsewhere))?;
    let shown = groups.iter().filter(|group| flags.lines || !group.holds());
    shown.for_each(|group| eprint!("{}", table::missed(group)));
    ensure!(
        faults.is_empty(),
        "xtask/data/coverage.toml does not match the sources; after a change, `cargo xtask coverage --last` compares \
         it with this measurement\n{}",
        faults.join("\n")
    );
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

/// Runs the tests of `packages`, counts the lines that they run, and writes that to `report`. The build is kept in
/// `directory`.
fn measure(project: &Project, packages: &[String], directory: &Path, report: &Path) -> Result<()> {
    let tarpaulin = toolchain::tool(project, Tool::CargoTarpaulin)?;
    let shell = project.shell()?;
    fs::create_dir_all(directory)
        .with_context(|| format!("could not make the directory `{}`", directory.display()))?;
    let temporary = temporary::directory()?;
    let output = temporary.path();
    let packages = packages.iter().flat_map(|package| ["--packages", package]);
    let command = cmd!(
        shell,
        "{tarpaulin} tarpaulin --engine llvm --ignore-config --locked --skip-clean --color never
            --timeout {TEST_TIMEOUT} --target-dir {directory} --out Json --output-dir {output}"
    );
    progress::show("Measuring", "the lines that the tests run", || {
        cmd::run_quietly(command.args(packages), "measure the coverage", 60)
    })?;
    files::replace(report, &files::read(&output.join("tarpaulin-report.json"))?)
}

fn read(report: &Path, root: &Path) -> Result<Vec<Source>> {
    let bytes =
        files::read(report).context("nothing was measured: run `cargo xtask coverage` without `--last`")?;
    measured::sources(&bytes, root).context("could not read tarpaulin's report")
}
