//! Runs clippy on the code: the code for the host, the component's package for its targets, and the programs built
//! on demand.

use anyhow::Result;
use devkit::{
    cargo::cargo,
    cmd,
    package::{ARTIFACTS, E2E},
    project::Project,
    ui,
};
use toolchain::Need;

pub(super) fn check(project: &Project) -> Result<()> {
    toolchain::ensure(project, &[Need::WasmTargets])?;
    let shell = project.shell()?;
    let host = cargo(&shell, "clippy").args(["--quiet", "--all-targets", "--", "--deny", "warnings"]);
    cmd::run(host, "pass clippy's checks of the code")?;
    for (package, target, features) in [
        ("clawft-wasm", "wasm32-wasip2", "wasi-raw"),
        ("clawft-wasm", "wasm32-wasip2", "wasi-http-client"),
        ("clawft-wasm", "wasm32-wasip1", "wasi-raw"),
        ("clawft-serve", "wasm32-wasip2", "chat,messages,responses"),
        ("clawft-serve", "wasm32-wasip2", "p3"),
    ] {
        ui::status(
            "Checking",
            &format!("{package} with clippy for {target}, feature {features}"),
        );
        let guest = cargo(&shell, "clippy")
            .args([
                "--quiet",
                "--package",
                package,
                "--target",
                target,
                "--features",
                features,
            ])
            .args(["--", "--deny", "warnings"]);
        cmd::run(guest, &format!("pass clippy's checks of {package} for {target}"))?;
    }
    Ok(())
}

/// Checks the programs whose packages are not default members. Their dependencies are still compiled from the last
/// build.
pub(super) fn check_on_demand(project: &Project) -> Result<()> {
    let purpose = "pass clippy's checks of the programs of the package `artifacts`";
    ARTIFACTS.read(project, ["clippy"], purpose)?;
    E2E.read(
        project,
        ["clippy"],
        "pass clippy's checks of the programs of the package `e2e`",
    )
    .map(drop)
}
