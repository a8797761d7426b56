//! Compiles targets with the pinned toolchain: libFuzzer is an ordinary crate, and the flags for coverage
//! counters work with a stable rustc. So neither a nightly toolchain nor cargo-fuzz is needed.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use devkit::{
    cargo::{cargo, executables},
    project::Project,
    ui,
};
use flags::FuzzTarget;
use toolchain::Need;

/// Counters at every edge, the operands of comparisons, and no folded branches. These are the flags of cargo-fuzz
/// without the address sanitiser, which would find nothing: the crates under test have no unsafe code on this
/// target.
const FLAGS: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "-Ccodegen-units=1",
];

/// Returns the path of the program of each of `targets`, which are compiled if necessary.
pub(super) fn programs(project: &Project, targets: &[FuzzTarget]) -> Result<Vec<PathBuf>> {
    toolchain::ensure(project, &[Need::CxxCompiler])?;
    // This checkout's own directory, because cargo cannot distinguish packages of two checkouts in a shared one.
    let target = project.target.join("xtask").join("fuzz");
    ui::status("Building", "the fuzz targets; the first time takes two minutes");
    let shell = project.shell()?;
    // An explicit target, though it is the host, so that build scripts are compiled without the flags.
    let build = cargo(&shell, "build")
        .args([
            "--quiet",
            "--package",
            "fuzz-targets",
            "--features",
            "libfuzzer",
            "--profile",
            "fuzz",
        ])
        .args(["--target", "host-tuple", "--target-dir"])
        .arg(target)
        .args(
            targets
                .iter()
                .flat_map(|target| ["--bin".to_owned(), target.name()]),
        );
    // One variable for all flags, because it takes precedence over those of the user and the workspace.
    let built = executables(
        build.env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f")),
        "build the fuzz targets",
    )?;
    targets.iter().map(|target| program(&built, *target)).collect()
}

/// Returns the program of `target` among those that were built.
fn program(built: &[PathBuf], target: FuzzTarget) -> Result<PathBuf> {
    let name = target.name();
    let is_it = |path: &&PathBuf| path.file_stem().is_some_and(|stem| stem == name.as_str());
    let found = built.iter().find(is_it).cloned();
    found.with_context(|| format!("cargo built no program of the fuzz target `{name}`"))
}
