//! Runs clippy on the code that `cargo clippy --all-targets` leaves out: our test targets, and the programs built
//! on demand.

use anyhow::Result;
use builds::on_demand::Variant;
use devkit::{cargo::cargo, cmd, project::Project};
use testkit::TEST_HOST;

use crate::guests::wamr;

/// Runs clippy on the test targets, the test host and the runner with WAMR.
///
/// # Errors
/// Fails if clippy reports warnings.
pub fn clippy(project: &Project) -> Result<()> {
    let shell = project.shell()?;
    let package = env!("CARGO_PKG_NAME");
    let every = "*";
    let targets = cargo(&shell, "clippy")
        .args(["--quiet", "--package", package, "--test", every])
        .args(["--", "--deny", "warnings"]);
    cmd::run(targets, "check the test targets with clippy")?;
    TEST_HOST.lint(project, &Variant::default())?;
    wamr::PROGRAM.lint(project, &wamr::usual(project)?)
}
