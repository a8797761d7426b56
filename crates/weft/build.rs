//! Passes the commit and the target to the program, for `weft --version`.

use std::{env, path::Path, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CLAWFT_REVISION");
    let revision = env::var("CLAWFT_REVISION")
        .ok()
        .filter(|revision| !revision.is_empty());
    let revision = revision
        .or_else(git_revision)
        .unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=CLAWFT_REVISION={revision}");
    println!(
        "cargo::rustc-env=CLAWFT_TARGET={}",
        env::var("TARGET").unwrap_or_default()
    );
}

/// Returns the commit of the checkout. Cargo runs this script again when it changes.
fn git_revision() -> Option<String> {
    // Git appends a line to this file for every commit and every checkout.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    if Path::new(&log).exists() {
        println!("cargo::rerun-if-changed={log}");
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}

#[expect(
    clippy::disallowed_methods,
    reason = "a build script has no door to other programs"
)]
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
