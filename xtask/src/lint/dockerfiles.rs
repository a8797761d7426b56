//! Checks Dockerfiles with hadolint.

use anyhow::Result;
use devkit::project::Project;
use flags::Provided;
use xshell::cmd;

use super::{
    checkout::{self, Kind},
    linter, provided,
};

pub(super) fn check(project: &Project) -> Result<()> {
    let files = checkout::files(project, Kind::Dockerfile)?;
    let hadolint = provided::path(project, Provided::PythonLint)?.join("hadolint");
    let shell = project.shell()?;
    linter::expect_nothing(cmd!(shell, "{hadolint} --no-color {files...}"), "hadolint")
}
