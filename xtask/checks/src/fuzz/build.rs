//! Compiles the fuzzer with the pinned toolchain: libFuzzer is an ordinary crate, and the flags for coverage
//! counters work with a stable rustc. So neither a nightly toolchain nor cargo-fuzz is needed.

use std::path::PathBuf;

use anyhow::Result;
use devkit::{
    cargo::{cargo, executable},
    project::Project,
    ui,
};
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

/// Returns the path of the fuzzer, which is compiled if necessary.
pub(super) fn fuzzer(project: &Project) -> Result<PathBuf> {
    toolchain::ensure(project, &[Need::CxxCompiler])?;
    // This checkout's own directory, because cargo cannot distinguish packages of two checkouts in a shared one.
    let target = project.target.join("xtask").join("fuzz");
    ui::status("Building", "the fuzzer; the first time takes a minute");
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
        .arg(target);
    // One variable for all flags, because it takes precedence over those of the user and the workspace.
    executable(
        build.env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f")),
        "build the fuzzer",
    )
}
