//! Checks workflows with actionlint, which finds errors, and zizmor, which finds security problems.

use anyhow::{Context as _, Result};
use devkit::project::Project;
use toolchain::{Node, Python};
use xshell::cmd;

use super::{
    checkout::{self, Kind},
    linter,
};

/// Runs actionlint, as WebAssembly. It has no command line, so a script of ours calls it.
pub(super) fn actionlint(project: &Project) -> Result<()> {
    let files = checkout::files(project, Kind::Workflow)?;
    let programs = toolchain::node(project, Node::Actionlint)?;
    let packages = programs
        .parent()
        .context("the Node.js packages have no directory")?;
    let library = packages.join("actionlint/node.mjs");
    let shell = project.shell()?;
    linter::expect_nothing(
        cmd!(
            shell,
            "node xtask/data/node/actionlint/run.mjs {library} {files...}"
        ),
        "actionlint",
    )
}

pub(super) fn zizmor(project: &Project) -> Result<()> {
    let zizmor = toolchain::python(project, Python::Lint)?.join("zizmor");
    let shell = project.shell()?;
    let command = cmd!(
        shell,
        "{zizmor} --offline --strict-collection --persona pedantic --quiet --color never .github"
    );
    linter::expect_nothing(command, "zizmor")
}
