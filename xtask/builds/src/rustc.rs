//! Builds that do not depend on the host.
//!
//! `rustc -vV` prints the host, and cargo hashes that line into the identity of each build script and
//! procedural macro. The identity of a crate contains those of its dependencies, and appears in its symbols.
//! So an artifact for any target would depend on the machine that compiles it, although the compiler's output
//! does not. Builds of such artifacts therefore name one host, [`HOST`]. On that host nothing changes. On
//! others cargo is given a script as `RUSTC`, which starts the real compiler and replaces that one line.
//! Programs in `RUSTC_WRAPPER`, such as sccache, work as before: cargo passes them the script.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use devkit::cmd;
use xshell::{Cmd, Shell, cmd};

use crate::files::{self, Mode};

/// The host that cargo is told.
pub const HOST: &str = "x86_64-unknown-linux-gnu";

/// The compiler that names another host.
const SCRIPT: &str = include_str!("rustc/one-host.sh");

/// A compiler that names another host, for tests.
const ANOTHER_HOST: &str = include_str!("rustc/another-host.sh");

/// The variables with which users choose a compiler, in the order in which cargo looks at them.
const CHOICES: [&str; 2] = ["RUSTC", "CARGO_BUILD_RUSTC"];

/// Changes `cargo`, a build for other targets than the host, so that its result does not depend on the host.
/// The script goes to `directory`. On systems without shell scripts nothing changes.
///
/// # Errors
/// Fails if the compiler cannot be asked for its host, or the script cannot be written.
pub fn on_one_host<'s>(shell: &Shell, directory: &Path, cargo: Cmd<'s>) -> Result<Cmd<'s>> {
    named(shell, directory, cargo, chosen()?)
}

/// Does the same with the compiler `rustc`.
fn named<'s>(shell: &Shell, directory: &Path, cargo: Cmd<'s>, rustc: OsString) -> Result<Cmd<'s>> {
    let version = cmd::read(cmd!(shell, "{rustc} -vV"), "ask rustc for its host")?;
    if cfg!(not(unix)) || host(&version) == Some(HOST) {
        return Ok(cargo);
    }
    let script = install(directory, SCRIPT)?;
    Ok(cargo
        .env("RUSTC", script)
        .env("CLAWFT_RUSTC", rustc)
        .env("CLAWFT_HOST", HOST))
}

/// Returns rustc's specification of a target as JSON, which it prints with `RUSTC_BOOTSTRAP` only.
///
/// # Errors
/// Fails if the compiler does not know the target.
pub fn specification(shell: &Shell, target: &str) -> Result<String> {
    let rustc = chosen()?;
    let print = cmd!(
        shell,
        "{rustc} -Zunstable-options --print target-spec-json --target {target}"
    );
    cmd::read(
        print.env("RUSTC_BOOTSTRAP", "1"),
        &format!("ask rustc about the target `{target}`"),
    )
}

/// Changes `cargo`, so that it takes this machine for another one, although the compiler `rustc` is the same.
/// Results that depend on the host then differ. The script for it goes to `directory`.
///
/// # Errors
/// Fails if the compiler cannot be asked for its host, or the script cannot be written.
pub fn on_another_host<'s>(shell: &Shell, directory: &Path, cargo: Cmd<'s>, rustc: &Path) -> Result<Cmd<'s>> {
    let version = cmd::read(cmd!(shell, "{rustc} -vV"), "ask rustc for its host")?;
    let another = if host(&version) == Some(HOST) {
        "aarch64-unknown-linux-gnu"
    } else {
        HOST
    };
    let script = install(directory, ANOTHER_HOST)?;
    Ok(cargo
        .env("RUSTC", script)
        .env("REAL_RUSTC", rustc)
        .env("ANOTHER_HOST", another))
}

/// Returns the compiler that cargo would use, as an absolute path or a name on the PATH. A compiler in a file of
/// cargo's configuration is not known here.
fn chosen() -> Result<OsString> {
    let chosen = CHOICES.iter().find_map(env::var_os);
    let Some(chosen) = chosen.filter(|program| !program.is_empty()) else {
        return Ok("rustc".into());
    };
    if Path::new(&chosen).components().count() == 1 {
        return Ok(chosen);
    }
    let path = std::path::absolute(&chosen).context("could not find the current directory")?;
    Ok(path.into_os_string())
}

/// Returns the host in the output of `rustc -vV`.
fn host(version: &str) -> Option<&str> {
    version.lines().find_map(|line| line.strip_prefix("host: "))
}

/// Writes `script` to `directory` unless it is there. Its time changes only with its content, because cargo
/// asks a changed compiler for everything again.
fn install(directory: &Path, script: &str) -> Result<PathBuf> {
    let path = directory.join("rustc");
    if fs::read(&path).is_ok_and(|written| written == script.as_bytes()) {
        return Ok(path);
    }
    fs::create_dir_all(directory)
        .with_context(|| format!("could not make the directory `{}`", directory.display()))?;
    files::replace_as(&path, script.as_bytes(), Mode::Program)?;
    Ok(path)
}

#[cfg(all(test, unix))]
mod tests;
