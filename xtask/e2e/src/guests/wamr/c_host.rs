//! Compiles the host in C of `examples/c` with the smallest WAMR that runs the module, with the commands in
//! its comments.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use builds::files;
use cargo_metadata::MetadataCommand;
use devkit::{cmd, project::Project, ui};
use xshell::cmd;

/// The package with WAMR's C code.
const SOURCES: &str = "wamrx-sys";

/// The sources of the host, relative to the workspace's root.
const HOST: [&str; 3] = [
    "examples/c/CMakeLists.txt",
    "examples/c/host.c",
    "crates/clawft-wasm/include/clawft.h",
];

/// Returns the path of the program, which is compiled if necessary. `variables` are those of the runner's build.
pub(super) fn ensure_built(project: &Project, variables: &[(&'static str, OsString)]) -> Result<PathBuf> {
    let shell = project.shell()?;
    let wamr = sources(project)?;
    let kept = project.cache_folder("build")?.join("example-c");
    let (source, build) = (kept.join("source"), kept.join("build"));
    for (name, value) in variables {
        shell.set_var(name, value);
    }
    if !build.exists() {
        ui::status(
            "Building",
            "a host in C with the smallest WAMR, once for this machine",
        );
    }
    // CMake builds from one directory only, and every checkout has its own, so a copy of the sources is kept
    // beside the build.
    HOST.iter()
        .try_for_each(|file| refresh(&project.root.join(file), &source.join(file)))?;
    let directory = source.join("examples/c");
    let prepare = cmd!(
        shell,
        "cmake -S {directory} -B {build} -DWAMR={wamr} -DCMAKE_BUILD_TYPE=MinSizeRel"
    );
    cmd::run_quietly(prepare, "prepare the host in C", 20)?;
    cmd::run_quietly(
        cmd!(shell, "cmake --build {build} --target wamr-host"),
        "compile the host in C",
        20,
    )?;
    Ok(build.join("wamr-host"))
}

/// Copies `original` to `copy`, unless they are equal, so that nothing is compiled again.
fn refresh(original: &Path, copy: &Path) -> Result<()> {
    let bytes = files::read(original)?;
    if fs::read(copy).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    fs::create_dir_all(copy.parent().unwrap_or(Path::new("")))?;
    files::replace(copy, &bytes)
}

/// Returns the directory of WAMR's C code, which cargo has fetched for the runner.
fn sources(project: &Project) -> Result<PathBuf> {
    let mut metadata = MetadataCommand::new();
    metadata
        .manifest_path(project.root.join("Cargo.toml"))
        .other_options(["--locked".to_owned()]);
    let metadata = metadata
        .exec()
        .context("could not read the workspace with `cargo metadata`")?;
    let package = metadata
        .packages
        .iter()
        .find(|package| package.name.as_str() == SOURCES);
    let manifest = &package
        .with_context(|| format!("there is no package `{SOURCES}`"))?
        .manifest_path;
    Ok(manifest
        .parent()
        .map(|directory| directory.as_std_path())
        .unwrap_or(Path::new(""))
        .join("wasm-micro-runtime"))
}
