//! `cargo xtask coverage`: how many lines the tests run, held against the floors in `xtask/coverage.toml`.
//!
//! cargo-tarpaulin measures, because it reads what rustc's instrumentation writes by itself: no LLVM component has to be
//! downloaded, and none of the system's has to fit the compiler. It is compiled when this command first needs it.
//!
//! Modules in reading order: [`measured`] is what tarpaulin reports, [`floors`] is the file, [`groups`] brings both
//! together, [`table`] is what the user reads.

mod floors;
mod groups;
mod measured;
mod table;

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use comfy_table::presets;
use devkit::{cmd, files, project::Project, ui};
use flags::Coverage;
use toolchain::Tool;
use xshell::cmd;

use self::{floors::Floors, measured::Source};

/// The longest that one test program may take, in seconds. Counted lines take several times as long as plain ones, and
/// tarpaulin's own limit is a minute.
const TEST_TIMEOUT: &str = "900";

pub(crate) fn run(project: &Project, flags: &Coverage) -> Result<()> {
    let floors = Floors::load()?;
    let sources = measure(project, &floors.packages)?;
    let groups = groups::gather(&floors, sources)?;
    ui::result(&table::table(&groups).load_style(presets::UTF8_BORDERS_ONLY).to_string())?;
    ui::result(&table::elsewhere(&floors.elsewhere))?;
    let shown = groups.iter().filter(|group| flags.lines || !group.holds());
    shown.for_each(|group| eprint!("{}", table::missed(group)));
    let below: Vec<&str> =
        groups.iter().filter(|group| !group.holds()).map(|group| group.name.as_str()).collect();
    ensure!(below.is_empty(), "coverage is below its floor in `{}`", below.join("`, `"));
    Ok(())
}

/// Returns the files that the native build leaves out, by their paths from the workspace's root.
pub(crate) fn elsewhere() -> Result<Vec<String>> {
    Ok(Floors::load()?.elsewhere.into_iter().map(|file| file.path).collect())
}

/// Runs the tests of `packages` with their lines counted.
fn measure(project: &Project, packages: &[String]) -> Result<Vec<Source>> {
    let tarpaulin = toolchain::tool(project, Tool::CargoTarpaulin)?;
    let shell = project.shell()?;
    let target = project.target.join("xtask").join("coverage");
    fs::create_dir_all(&target)
        .with_context(|| format!("could not make the folder `{}`", target.display()))?;
    let report = tempfile::tempdir().context("could not make a temporary folder")?;
    let folder = report.path();
    let packages = packages.iter().flat_map(|package| ["--packages", package]);
    let command = cmd!(
        shell,
        "{tarpaulin} tarpaulin --engine llvm --ignore-config --locked --skip-clean --color never
            --timeout {TEST_TIMEOUT} --target-dir {target} --out Json --output-dir {folder}"
    );
    ui::progress("Measuring", "which lines the tests run", || {
        cmd::run_quietly(command.args(packages), "measure the coverage", 60)
    })?;
    read(&folder.join("tarpaulin-report.json"), &project.root)
}

fn read(report: &Path, root: &Path) -> Result<Vec<Source>> {
    let bytes = files::read(report)?;
    measured::sources(&bytes, root).context("could not read tarpaulin's report")
}
