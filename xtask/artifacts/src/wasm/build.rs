//! Runs `cargo rustc` for one wasm target and finds the executable in cargo's messages.

use anyhow::{Context as _, Result};
use builds::{files, rustc};
use devkit::{cargo, project::Project, ui};
use flags::{HttpBackend, values::Artifact};
use xshell::{Cmd, cmd};

use super::{results, target};

/// The package of the component and the module.
pub(super) const PACKAGE: &str = "clawft-wasm";

/// The program in it.
pub(super) const PROGRAM: &str = "clawft";

/// The settings of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// As shipped: optimised for size, with the names of functions kept until the end, so that `cargo xtask size`
    /// can attribute bytes to functions.
    Named,
    /// As shipped, without names.
    Small,
    /// With the release profile and no other setting.
    Plain,
}

impl Mode {
    /// Returns the arguments for cargo.
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
            Self::Small => &[
                "--config",
                ".cargo/size-optimised.toml",
                "--profile",
                "release-wasm",
            ],
            Self::Plain => &["--release"],
        }
    }
}

/// Builds `artifact` with the names of its functions, and returns its bytes.
pub(super) fn artifact(
    project: &Project,
    artifact: Artifact,
    http: HttpBackend,
    locked: bool,
) -> Result<Vec<u8>> {
    ui::status(
        "Building",
        &format!("{} for {}", artifact.file_name(), artifact.target()),
    );
    match artifact {
        Artifact::Component | Artifact::Wasip1Module => {
            build(project, Mode::Named, artifact.target(), http, locked)
        }
        Artifact::Served | Artifact::ServedP3 => library(project, artifact, locked),
    }
}

/// Builds the `clawft` binary for `target` and returns its bytes.
pub(super) fn build(
    project: &Project,
    mode: Mode,
    target: &str,
    http: HttpBackend,
    locked: bool,
) -> Result<Vec<u8>> {
    let features: &[&str] = match http {
        HttpBackend::Raw => &[],
        HttpBackend::Client => &["--features", "wasi-http-client"],
    };
    let what = [&["--package", PACKAGE, "--bin", PROGRAM], features].concat();
    compile(
        project,
        mode,
        target,
        &what,
        locked,
        &format!("build clawft for {target}"),
    )
}

/// Builds the library of an artifact that has no program, and returns its bytes.
pub(super) fn library(project: &Project, artifact: Artifact, locked: bool) -> Result<Vec<u8>> {
    let package = artifact.package();
    // The tests use the library as a crate too. With both types, cargo would not optimise the component together with
    // the crates that it uses, which takes 17 KB, and would compile the standard library once more.
    let what = [
        &["--package", package, "--lib", "--crate-type", "cdylib"],
        artifact.features(),
    ]
    .concat();
    let purpose = format!("build {package} for {}", artifact.target());
    compile(project, Mode::Named, artifact.target(), &what, locked, &purpose)
}

/// Builds the program of `package` with the settings of the shipped artifacts.
pub(super) fn program(project: &Project, target: &str, package: &str) -> Result<Vec<u8>> {
    let purpose = format!("build {package} for {target}");
    compile(
        project,
        Mode::Named,
        target,
        &["--package", package],
        false,
        &purpose,
    )
}

/// Builds the program of a package of `xtask/size-samples`, a workspace of its own.
pub(super) fn sample(project: &Project, mode: Mode, target: &str, package: &str) -> Result<Vec<u8>> {
    let what = [
        "--manifest-path",
        "xtask/size-samples/Cargo.toml",
        "--package",
        package,
    ];
    compile(
        project,
        mode,
        target,
        &what,
        true,
        &format!("build the sample {package}"),
    )
}

/// Builds the package and program in `what`. `purpose` completes the sentence "could not …".
fn compile(
    project: &Project,
    mode: Mode,
    target: &str,
    what: &[&str],
    locked: bool,
    purpose: &str,
) -> Result<Vec<u8>> {
    let shell = project.shell()?;
    if mode != Mode::Plain {
        // The settings in the file need unstable features.
        shell.set_var("RUSTC_BOOTSTRAP", "1");
    }
    let target = match mode {
        Mode::Plain => target.into(),
        Mode::Named | Mode::Small => target::with_pairs(project, target)?.into_os_string(),
    };
    let arguments = mode.arguments();
    let locked = locked.then_some("--locked");
    // Flags from the environment would replace the ones in the file, and the artifact would depend on who builds
    // it. A target directory from the environment belongs to our own checkout, but this may be a build of another
    // one. Samples share the target directory of the workspace, to share the compiled std.
    // `cargo rustc` is `cargo build` with more options.
    let build = cmd!(
        shell,
        "cargo rustc --target {target} {arguments...} {what...} {locked...}"
    )
    .env("CARGO_TARGET_DIR", &project.target)
    .env_remove("RUSTFLAGS")
    .env_remove("CARGO_ENCODED_RUSTFLAGS");
    let build = apart_by_features(build);
    let build = rustc::on_one_host(&shell, &project.target.join("xtask").join("one-host"), build)?;
    let path = cargo::artifact(build, purpose)?;
    results::lower(&files::read(&path)?)
        .with_context(|| format!("could not {purpose} with one result a function"))
}

/// Makes cargo keep the library of each set of features, so that it is not compiled again when they take turns.
///
/// cargo puts no hash into the name of a `cdylib` for WebAssembly, and keeps one record of what is up to date for all
/// sets of features. With this variable, which Rust's own build sets too, name and record have a hash, and the value is
/// a part of it.
fn apart_by_features(build: Cmd<'_>) -> Cmd<'_> {
    build.env("__CARGO_DEFAULT_LIB_METADATA", "clawft")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use xshell::Shell;

    use super::*;

    #[test]
    fn keeps_library_of_each_feature_set() {
        let package = tempfile::tempdir().unwrap();
        let manifest = "[package]\nname = \"sample\"\nedition = \"2024\"\n\
                        [lib]\npath = \"lib.rs\"\ncrate-type = [\"cdylib\"]\n\
                        [features]\none = []\ntwo = []\n[workspace]\n";
        fs::write(package.path().join("Cargo.toml"), manifest).unwrap();
        fs::write(package.path().join("lib.rs"), "").unwrap();
        let lock = "version = 4\n[[package]]\nname = \"sample\"\nversion = \"0.0.0\"\n";
        fs::write(package.path().join("Cargo.lock"), lock).unwrap();
        let shell = Shell::new().unwrap();
        shell.change_dir(package.path());
        let target = package.path().join("target");
        let is_fresh = |features: &str| {
            let build = cargo::cargo(&shell, "rustc")
                .args(["--target", "wasm32-wasip1", "--features", features])
                .args(["--message-format", "json"])
                .env("CARGO_TARGET_DIR", &target);
            let messages = devkit::cmd::read(apart_by_features(build), "build the sample").unwrap();
            messages.contains(r#""fresh":true"#)
        };
        assert!(!is_fresh("one"));
        assert!(!is_fresh("two"));
        assert!(is_fresh("one"));
        assert!(is_fresh("two"));
    }
}
