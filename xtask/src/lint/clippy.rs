//! The code with clippy: what the host runs, the component's package for its targets, the programs that are built on demand.

use anyhow::Result;
use devkit::{
    cargo::cargo,
    cmd,
    package::{ARTIFACTS, E2E},
    project::Project,
    ui,
};

use super::provided;

pub(super) fn check(project: &Project) -> Result<()> {
    provided::ensure_wasm_targets(project)?;
    let shell = project.shell()?;
    let host = cargo(&shell, "clippy").args(["--quiet", "--all-targets", "--", "--deny", "warnings"]);
    cmd::run(host, "find the code free of clippy's warnings")?;
    for (target, features) in
        [("wasm32-wasip2", "wasi-raw"), ("wasm32-wasip2", "wasi-http-client"), ("wasm32-wasip1", "wasi-raw")]
    {
        ui::status("Checking", &format!("clawft-wasm with clippy for {target}, feature {features}"));
        let guest = cargo(&shell, "clippy")
            .args(["--quiet", "--package", "clawft-wasm", "--target", target, "--features", features])
            .args(["--", "--deny", "warnings"]);
        cmd::run(guest, &format!("find clawft-wasm free of clippy's warnings for {target}"))?;
    }
    Ok(())
}

/// The programs whose packages are no default members: what they are made of is there from when they were last built.
pub(super) fn check_on_demand(project: &Project) -> Result<()> {
    let purpose = "find the programs of the package `artifacts` free of clippy's warnings";
    ARTIFACTS.read(project, ["clippy"], purpose)?;
    E2E.read(project, ["clippy"], "find the programs of the package `e2e` free of clippy's warnings")
        .map(drop)
}
