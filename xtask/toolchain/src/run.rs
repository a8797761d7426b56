//! `cargo xtask tool`: one of the pinned tools, as it is.

use std::process;

use anyhow::{Context as _, Result};
use devkit::{cmd, project::Project};
use flags::Tool;
use xshell::{Shell, cmd};

use crate::setup;

/// Runs the tool where the user stands, and ends this process with its exit code.
///
/// # Errors
///
/// Fails if the tool cannot be installed or started.
pub fn run(project: &Project, flags: &Tool) -> Result<()> {
    let program = setup::tool(project, flags.tool)?;
    // Where the user stands, not in the project's root: the arguments may be relative paths.
    let shell = Shell::new().context("could not find the current folder")?;
    let arguments = &flags.arguments;
    let status = cmd::status(cmd!(shell, "{program} {arguments...}"), "run the tool")?;
    // What the tool printed is the message; all that is left to pass on is its exit code.
    process::exit(status.code().unwrap_or(1))
}
