//! Checks Dockerfiles with hadolint.

use anyhow::Result;
use devkit::project::Project;
use toolchain::Python;
use xshell::cmd;

use super::{
    checkout::{self, Kind},
    linter,
};

pub(super) fn check(project: &Project) -> Result<()> {
    let files = checkout::files(project, Kind::Dockerfile)?;
    let hadolint = toolchain::python(project, Python::Lint)?.join("hadolint");
    let shell = project.shell()?;
    linter::expect_nothing(cmd!(shell, "{hadolint} --no-color {files...}"), "hadolint")
}
