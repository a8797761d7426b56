//! Runs `cargo build` for one wasm target and finds what it made in cargo's own messages.

use std::fs;

use anyhow::{Context as _, Result};
use xshell::cmd;

use crate::{cargo, cli::HttpBackend, project::Project};

/// Builds the `clawft` binary for `target` at its smallest and returns its bytes.
pub(super) fn build(project: &Project, target: &str, http: HttpBackend, locked: bool) -> Result<Vec<u8>> {
    let shell = project.shell()?;
    // The settings in the file are what RUSTC_BOOTSTRAP unlocks. Flags from outside would replace the ones there, and the
    // artifact would depend on who builds it.
    shell.set_var("RUSTC_BOOTSTRAP", "1");
    let features: &[&str] = match http {
        HttpBackend::Raw => &[],
        HttpBackend::Client => &["--features", "wasi-http-client"],
    };
    let locked = locked.then_some("--locked");
    let build = cmd!(
        shell,
        "cargo build --config .cargo/size-optimised.toml --package clawft-wasm --bin clawft --target {target}
            --profile release-wasm {features...} {locked...}"
    )
    .env_remove("RUSTFLAGS")
    .env_remove("CARGO_ENCODED_RUSTFLAGS");
    let path = cargo::executable(build, &format!("build clawft for {target}"))?;
    fs::read(&path).with_context(|| format!("could not read `{}`", path.display()))
}
