//! Compiles `weft`, or another program, for its targets and finds the executables in cargo's messages.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use builds::{macho, rustc};
use devkit::{cargo, project::Project};
use flags::values::Target;
use toolchain::{Need, Python};
use xshell::{Cmd, Shell, cmd};

/// A package with a program of the same name, and the arguments of cargo about its features.
#[derive(Clone, Copy, Debug)]
pub(super) struct Package {
    pub(super) name: &'static str,
    pub(super) features: &'static [&'static str],
}

/// The command.
pub(super) const WEFT: Package = Package {
    name: "weft",
    features: &[],
};

/// Compiles `targets` and returns the path of each binary. `revision` is the commit that `weft --version` prints.
///
/// All targets go to cargo in one call, so that it compiles one while it links another, which uses a single
/// processor.
pub(super) fn build(
    project: &Project,
    package: Package,
    targets: &[Target],
    revision: &str,
    locked: bool,
) -> Result<Vec<(Target, PathBuf)>> {
    toolchain::ensure(project, &[Need::RustSource])?;
    let shell = project.shell()?;
    let directory = project.target.join("xtask").join("one-host");
    let cargo = rustc::on_one_host(&shell, &directory, zigbuild(project, &shell)?)?;
    let built = cargo::executables(
        options(cargo, package, targets, revision, locked)?,
        &format!("build {}", package.name),
    )?;
    let find = |target: &Target| {
        let path = built.iter().find(|path| target.built(path));
        let path = path.with_context(|| format!("cargo named no executable for {target}"))?;
        Ok((*target, path.clone()))
    };
    targets.iter().map(find).collect()
}

/// Returns the command `cargo zigbuild`: cargo with zig as the C compiler and linker. Its files go to the
/// project's cache.
fn zigbuild<'s>(project: &Project, shell: &'s Shell) -> Result<Cmd<'s>> {
    let programs = toolchain::python(project, Python::Zig)?;
    let mut path = vec![programs.clone()];
    path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let path = env::join_paths(path).context("could not put zig on the PATH")?;
    let program = programs.join("cargo-zigbuild");
    let cache = project.cache_folder("zig")?;
    Ok(cmd!(shell, "{program} zigbuild")
        .env("PATH", path)
        .env("CARGO_ZIGBUILD_CACHE_DIR", &cache)
        .env("ZIG_GLOBAL_CACHE_DIR", &cache)
        .env("ZIG_LOCAL_CACHE_DIR", &cache))
}

/// Adds the options of the build to `cargo`. Flags from the environment are removed: they would replace those of
/// the project, and the result would depend on who builds.
fn options<'s>(
    cargo: Cmd<'s>,
    package: Package,
    targets: &[Target],
    revision: &str,
    locked: bool,
) -> Result<Cmd<'s>> {
    let mut cargo = cargo
        .args([
            "--config",
            ".cargo/release-weft.toml",
            "--profile",
            "release-weft",
        ])
        .args(["--package", package.name, "--bin", package.name])
        .args(package.features)
        .args(locked.then_some("--locked"))
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CLAWFT_REVISION", revision)
        .env("CC_SHELL_ESCAPED_FLAGS", "1")
        .env("MACOSX_DEPLOYMENT_TARGET", macho::OLDEST_SYSTEM);
    for variable in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CFLAGS",
        "CXXFLAGS",
        "TARGET_CFLAGS",
        "TARGET_CXXFLAGS",
    ] {
        cargo = cargo.env_remove(variable);
    }
    let flags = c_flags(&cargo_home()?);
    for target in targets {
        let triple = target.triple().replace('-', "_");
        cargo = cargo
            .args(["--target", target.triple()])
            .env(format!("CFLAGS_{triple}"), &flags)
            .env(format!("CXXFLAGS_{triple}"), &flags);
    }
    Ok(cargo)
}

/// The flags that take the date and the time of the build out of compiled C code, quoted for a shell.
const WITHOUT_TIME: &str =
    r#"-Wno-builtin-macro-redefined '-D__DATE__=""' '-D__TIME__=""' '-D__TIMESTAMP__=""'"#;

/// Returns the flags that remove source paths and times from compiled C code, quoted for a shell. All C code is in
/// cargo's home; a flag for the checkout would make every checkout compile it again.
fn c_flags(cargo_home: &Path) -> String {
    let path = cargo_home.display().to_string().replace('\'', r"'\''");
    format!("'-ffile-prefix-map={path}=/cargo' {WITHOUT_TIME}")
}

/// Returns cargo's home, with the sources of `weft`'s dependencies.
fn cargo_home() -> Result<PathBuf> {
    let chosen = env::var_os("CARGO_HOME")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    chosen
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")))
        .context("there is no home directory: set CARGO_HOME")
}

#[cfg(test)]
mod tests {
    use toml::{Table, Value};

    use super::*;

    /// Cargo puts `strip` back to its default where a package has settings of its own. Linkers for Linux and Windows
    /// leave the symbols out all the same; for macOS they would be a fifth of the binary.
    #[test]
    fn profile_strips_symbols_from_the_program() {
        let manifest = std::fs::read_to_string(Project::discover().unwrap().root.join("Cargo.toml")).unwrap();
        let manifest: Table = manifest.parse().unwrap();
        let profile = &manifest["profile"]["release-weft"];
        let own = profile["package"].get(WEFT.name).unwrap_or(profile);
        for settings in [profile, own] {
            assert_eq!(settings.get("strip"), Some(&Value::Boolean(true)));
        }
    }

    #[test]
    fn quotes_path_with_spaces_and_quotes() {
        let flags = c_flags(Path::new("/it's here"));
        let (paths, times) = flags.split_once(" -W").unwrap();
        assert_eq!(paths, r"'-ffile-prefix-map=/it'\''s here=/cargo'");
        assert!(times.contains(r#"'-D__TIME__=""'"#), "{times}");
    }
}
