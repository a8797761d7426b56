//! Runs `cargo build` for one wasm target and finds what it made in cargo's own messages.

use anyhow::Result;
use devkit::{cargo, files, project::Project};
use flags::HttpBackend;
use xshell::cmd;

/// A way to have cargo build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// What ships: at its smallest, with the names of functions in until the end, so that `cargo xtask size` can say which is
    /// how large.
    Named,
    /// The same without names.
    Small,
    /// As a release is built where nobody says more.
    Plain,
}

impl Way {
    /// What cargo is told.
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Named => &[
                "--config",
                ".cargo/size-optimised.toml",
                "--config",
                r#"profile.release-wasm.strip="debuginfo""#,
                "--profile",
                "release-wasm",
            ],
            Self::Small => &["--config", ".cargo/size-optimised.toml", "--profile", "release-wasm"],
            Self::Plain => &["--release"],
        }
    }
}

/// Builds the `clawft` binary for `target` and returns its bytes.
pub(super) fn build(
    project: &Project,
    way: Way,
    target: &str,
    http: HttpBackend,
    locked: bool,
) -> Result<Vec<u8>> {
    let features: &[&str] = match http {
        HttpBackend::Raw => &[],
        HttpBackend::Client => &["--features", "wasi-http-client"],
    };
    let what = [&["--package", "clawft-wasm", "--bin", "clawft"], features].concat();
    compile(project, way, target, &what, locked, &format!("build clawft for {target}"))
}

/// Builds the program of `package` as what ships.
pub(super) fn program(project: &Project, target: &str, package: &str) -> Result<Vec<u8>> {
    let purpose = format!("build {package} for {target}");
    compile(project, Way::Named, target, &["--package", package], false, &purpose)
}

/// Builds the program of a package of `xtask/size-samples`, a workspace of its own.
pub(super) fn sample(project: &Project, way: Way, target: &str, package: &str) -> Result<Vec<u8>> {
    let what = ["--manifest-path", "xtask/size-samples/Cargo.toml", "--package", package];
    compile(project, way, target, &what, true, &format!("build the sample {package}"))
}

/// Builds `what`. `purpose` completes the sentence "could not …".
fn compile(
    project: &Project,
    way: Way,
    target: &str,
    what: &[&str],
    locked: bool,
    purpose: &str,
) -> Result<Vec<u8>> {
    let shell = project.shell()?;
    if way != Way::Plain {
        // The settings in the file are what it unlocks.
        shell.set_var("RUSTC_BOOTSTRAP", "1");
    }
    let (arguments, locked) = (way.arguments(), locked.then_some("--locked"));
    // Flags from outside would replace the ones in the file, and the artifact would depend on who builds it. A target folder
    // from outside is that of our own checkout, and what is built here may be another. Samples go to the workspace's, for the
    // sake of the std in it.
    let build = cmd!(shell, "cargo build --target {target} {arguments...} {what...} {locked...}")
        .env("CARGO_TARGET_DIR", &project.target)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    let path = cargo::executable(build, purpose)?;
    files::read(&path)
}
