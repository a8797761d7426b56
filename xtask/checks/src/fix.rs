//! `cargo xtask fix`: formats the code and applies clippy's suggestions.

use anyhow::Result;
use devkit::{cargo::cargo, cmd, project::Project};
use xshell::cmd;

/// Formats first, so that clippy reads code that parses, and again at the end, because suggestions are not
/// formatted.
pub(crate) fn run(project: &Project) -> Result<()> {
    let shell = project.shell()?;
    let format = || cmd::run(cmd!(shell, "cargo fmt --all"), "format the code");
    format()?;
    let options = [
        "--fix",
        "--allow-dirty",
        "--allow-staged",
        "--all-targets",
        "--quiet",
    ];
    let clippy = cargo(&shell, "clippy").args(options);
    cmd::run(clippy, "apply clippy's suggestions")?;
    format()
}
