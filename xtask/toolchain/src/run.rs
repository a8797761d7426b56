//! `cargo xtask tool`: runs one of the pinned tools.

use std::process;

use anyhow::{Context as _, Result, bail};
use devkit::{cmd, project::Project};
use flags::Tool;
use xshell::{Shell, cmd};

use crate::setup;

/// Runs the tool in the user's current directory, and ends this process with its exit code.
///
/// # Errors
///
/// Fails if the tool cannot be installed or started, or if a signal ends it.
pub fn run(project: &Project, flags: &Tool) -> Result<()> {
    let program = setup::tool(project, flags.tool)?;
    // Not in the project's root, because the arguments may be relative paths.
    let shell = Shell::new().context("could not find the current directory")?;
    let arguments = &flags.arguments;
    let status = cmd::status(cmd!(shell, "{program} {arguments...}"), "run the tool")?;
    if let Some(crash) = cmd::crash(flags.tool.name(), status) {
        bail!(crash);
    }
    // The tool has printed its own messages; only the exit code is left to pass on.
    process::exit(status.code().unwrap_or(1))
}
