//! Unpacks the archive for this machine, which another machine made, checks the program in it, and runs it.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use builds::{
    files::{Mode, read, replace_as},
    temporary,
};
use devkit::{cmd, project::Project, ui};
use flags::values::Target;
use xshell::cmd;

use super::{
    archive,
    check::{Directories, check},
    execute::{VERSION, archive_name},
    sums,
};

/// Checks and runs the program in the archive for `host` in `directory`. Prints its version.
///
/// # Errors
/// Fails if there is no archive for this machine, if its checksum differs from the one in the `SHA256SUMS` beside it,
/// or if the program must not ship, does not run, or is of another version.
pub(super) fn run(project: &Project, directory: &Path, host: Option<Target>) -> Result<()> {
    let host = host.context("no release is for this kind of machine")?;
    let path = directory.join(archive_name(host));
    let bytes = read(&path)?;
    sums::agrees_with_sums(&path, &bytes)?;
    let program = archive::program(&bytes, host.program())
        .with_context(|| format!("`{}` is damaged", path.display()))?;
    check(&program, host, &Directories::new(project)?)?;
    let scratch = temporary::directory()?;
    let place = scratch.path().join(host.program());
    replace_as(&place, &program, Mode::Program)?;
    ui::status("Running", &archive_name(host));
    let shell = project.shell()?;
    let version = cmd::read(cmd!(shell, "{place} --version"), "run the released program")?;
    ensure!(
        version.starts_with(&format!("weft {VERSION} ")),
        "the released program is `{version}`, not {VERSION}"
    );
    let manual = cmd::read(
        cmd!(shell, "{place} man"),
        "have the released program print its manual",
    )?;
    ensure!(!manual.is_empty(), "the released program prints no manual");
    ui::result(&version)
}
