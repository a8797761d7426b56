//! The host in C of `docs/wamr-host`, compiled with the smallest WAMR that runs the module, as its own lines say.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use cargo_metadata::MetadataCommand;
use xshell::cmd;

use crate::{cmd, project::Project, ui};

/// The package that WAMR's C code is in.
const SOURCES: &str = "wamrx-sys";

/// The program. `variables` are what the runner is compiled with.
pub(super) fn ensure_built(project: &Project, variables: &[(&'static str, OsString)]) -> Result<PathBuf> {
    let (shell, wamr) = (project.shell()?, sources(project)?);
    let (folder, build) =
        (project.root.join("docs/wamr-host"), project.cache_folder("build")?.join("wamr-host"));
    for (name, value) in variables {
        shell.set_var(name, value);
    }
    if !build.exists() {
        ui::status("Building", "a host in C with the smallest WAMR, once for this machine");
    }
    let prepare = cmd!(shell, "cmake -S {folder} -B {build} -DWAMR={wamr} -DCMAKE_BUILD_TYPE=MinSizeRel");
    cmd::run_quietly(prepare, "prepare the host in C", 20)?;
    cmd::run_quietly(cmd!(shell, "cmake --build {build} --target wamr-host"), "compile the host in C", 20)?;
    Ok(build.join("wamr-host"))
}

/// Where WAMR's C code is: cargo has fetched it for the runner.
fn sources(project: &Project) -> Result<PathBuf> {
    let metadata = MetadataCommand::new().manifest_path(project.root.join("Cargo.toml")).exec();
    let metadata = metadata.context("could not read the workspace with `cargo metadata`")?;
    let package = metadata.packages.iter().find(|package| package.name.as_str() == SOURCES);
    let manifest = &package.with_context(|| format!("there is no package `{SOURCES}`"))?.manifest_path;
    Ok(manifest
        .parent()
        .map(|folder| folder.as_std_path())
        .unwrap_or(Path::new(""))
        .join("wasm-micro-runtime"))
}
