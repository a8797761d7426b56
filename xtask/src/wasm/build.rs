//! Runs `cargo build` for one wasm target and finds what it made in cargo's own messages.

use std::fs;

use anyhow::{Context as _, Result};
use xshell::cmd;

use crate::{cargo, cli::HttpBackend, project::Project};

/// Names of functions stay in until the end, so that `cargo xtask size` can say which is how large.
const NAMED: &str = r#"profile.release-wasm.strip="debuginfo""#;

/// Builds the `clawft` binary for `target` at its smallest, with the names of its functions, and returns its bytes.
pub(super) fn build(project: &Project, target: &str, http: HttpBackend, locked: bool) -> Result<Vec<u8>> {
    let features: &[&str] = match http {
        HttpBackend::Raw => &[],
        HttpBackend::Client => &["--features", "wasi-http-client"],
    };
    let what = [&["--package", "clawft-wasm", "--bin", "clawft"], features].concat();
    compile(project, target, &what, locked, &format!("build clawft for {target}"))
}

/// Builds the program of `package` in the same way.
pub(super) fn program(project: &Project, target: &str, package: &str) -> Result<Vec<u8>> {
    compile(project, target, &["--package", package], false, &format!("build {package} for {target}"))
}

/// Builds `what`. `purpose` completes the sentence "could not …".
fn compile(project: &Project, target: &str, what: &[&str], locked: bool, purpose: &str) -> Result<Vec<u8>> {
    let shell = project.shell()?;
    // The settings in the file are what RUSTC_BOOTSTRAP unlocks. Flags from outside would replace the ones there, and the
    // artifact would depend on who builds it.
    shell.set_var("RUSTC_BOOTSTRAP", "1");
    let locked = locked.then_some("--locked");
    let build = cmd!(
        shell,
        "cargo build --config .cargo/size-optimised.toml --config {NAMED} --target {target} --profile release-wasm
            {what...} {locked...}"
    )
    .env_remove("RUSTFLAGS")
    .env_remove("CARGO_ENCODED_RUSTFLAGS");
    let path = cargo::executable(build, purpose)?;
    fs::read(&path).with_context(|| format!("could not read `{}`", path.display()))
}
