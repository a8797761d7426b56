//! Compiling the fuzzer with the pinned toolchain: libFuzzer is a crate like any other, and what makes the code tell it
//! which way an input went are flags that a stable rustc takes. So neither a nightly nor cargo-fuzz is needed.

use std::path::PathBuf;

use anyhow::Result;
use devkit::{
    cargo::{cargo, executable},
    project::Project,
    ui,
};
use toolchain::Need;

/// Counters at every edge, what comparisons compared, and no branch folded away. As cargo-fuzz has them but for the address
/// sanitiser, which has nothing to find: the crates under test hold no unsafe code on this target.
const FLAGS: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "-Ccodegen-units=1",
];

/// The path of the fuzzer, compiled if need be.
pub(super) fn fuzzer(project: &Project) -> Result<PathBuf> {
    toolchain::ensure(project, &[Need::CxxCompiler])?;
    // This checkout's own: cargo cannot tell the packages of two checkouts apart that share a folder.
    let target = project.target.join("xtask").join("fuzz");
    ui::status("Building", "the fuzzer; the first time takes a minute");
    let shell = project.shell()?;
    // A target that is named, though it is the host's own: else build scripts would be compiled with the flags as well.
    let build = cargo(&shell, "build")
        .args(["--quiet", "--package", "fuzz-targets", "--features", "libfuzzer", "--profile", "fuzz"])
        .args(["--target", "host-tuple", "--target-dir"])
        .arg(target);
    // One variable for all of it, for it takes precedence over what the user and the workspace have set.
    executable(build.env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f")), "build the fuzzer")
}
