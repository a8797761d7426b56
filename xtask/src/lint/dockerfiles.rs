//! Dockerfiles with hadolint.

use anyhow::Result;
use devkit::project::Project;
use xshell::cmd;

use super::{
    checkout::{self, Kind},
    linter,
};
use crate::setup::{self, Python};

pub(super) fn check(project: &Project) -> Result<()> {
    let files = checkout::files(project, Kind::Dockerfile)?;
    let hadolint = setup::python(project, Python::Lint)?.join("hadolint");
    let shell = project.shell()?;
    linter::expect_nothing(cmd!(shell, "{hadolint} --no-color {files...}"), "hadolint")
}
