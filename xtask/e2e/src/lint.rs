//! The programs that are built on demand, with clippy.

use anyhow::Result;
use devkit::{cargo::Variant, project::Project};
use testkit::TEST_HOST;

use crate::guests::wamr;

/// Has clippy look at the test host and at the runner with WAMR.
///
/// # Errors
/// Fails if clippy reports warnings.
pub fn clippy(project: &Project) -> Result<()> {
    TEST_HOST.lint(project, &Variant::default())?;
    wamr::PROGRAM.lint(project, &wamr::usual(project)?)
}
