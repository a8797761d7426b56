//! Shell scripts with shellcheck.

use anyhow::Result;
use devkit::project::Project;
use xshell::cmd;

use super::{
    checkout::{self, Kind},
    linter,
};
use crate::setup::{self, Python};

pub(super) fn check(project: &Project) -> Result<()> {
    let files = checkout::files(project, Kind::Script)?;
    let shellcheck = setup::python(project, Python::Lint)?.join("shellcheck");
    let shell = project.shell()?;
    // The form of gcc: a line a finding, led by its file, line and column.
    linter::expect_nothing(cmd!(shell, "{shellcheck} --norc --format gcc {files...}"), "shellcheck")
}
