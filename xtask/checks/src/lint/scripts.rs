//! Checks shell scripts with shellcheck.

use anyhow::Result;
use devkit::project::Project;
use toolchain::Python;
use xshell::cmd;

use super::{
    checkout::{self, Kind},
    linter,
};

pub(super) fn check(project: &Project) -> Result<()> {
    let files = checkout::files(project, Kind::Script)?;
    let shellcheck = toolchain::python(project, Python::Lint)?.join("shellcheck");
    let shell = project.shell()?;
    // gcc's format has one line per finding, which begins with its file, line and column.
    linter::expect_nothing(
        cmd!(shell, "{shellcheck} --norc --format gcc {files...}"),
        "shellcheck",
    )
}
