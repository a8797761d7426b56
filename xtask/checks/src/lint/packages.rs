//! Checks that certain packages are absent from the artifacts and from `cargo xtask`.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use devkit::{cargo::cargo, cmd, project::Project};
use xshell::Shell;

/// The packages that may be in all artifacts: only our own. No async runtime, no TLS, no HTTP stack, no
/// parser; the component for WASI 0.3 alone has the tasks of its bindings.
const IN_ALL: [&str; 6] = [
    "clawft-core",
    "clawft-mcp",
    "clawft-store",
    "clawft-tools",
    "clawft-types",
    "clawft-wasm",
];

/// Package, target and features of each artifact, and its packages beside [`IN_ALL`]: the bindings of its host.
const ARTIFACTS: [(&str, &str, &str, &[&str]); 3] = [
    ("clawft-wasm", "wasm32-wasip2", "", &["wasip2", "wit-bindgen"]),
    ("clawft-wasm", "wasm32-wasip1", "", &["wasip1"]),
    ("clawft-serve", "wasm32-wasip2", "p2", SERVED),
];

/// The packages of the component that is served.
const SERVED: &[&str] = &["clawft-api", "clawft-serve", "memchr", "wasip2", "wit-bindgen"];

/// Packages that compile C or C++, for which users of `cargo xtask` would have to wait.
const C_BUILDERS: &[&str] = &["bindgen", "cc", "cmake", "cxx-build", "pkg-config"];

pub(super) fn check(project: &Project) -> Result<()> {
    let shell = project.shell()?;
    for (package, target, features, own) in ARTIFACTS {
        artifact_packages(&shell, package, [target, features], own)?;
    }
    xtask_packages(&shell)
}

fn artifact_packages(
    shell: &Shell,
    package: &str,
    [target, features]: [&str; 2],
    own: &[&str],
) -> Result<()> {
    let tree = cargo(shell, "tree")
        .args(["--package", package, "--target", target, "--features", features])
        .args(["--edges", "normal,no-proc-macro", "--prefix", "none"]);
    let packages = packages(&cmd::read(tree, "list the packages of an artifact")?);
    let allowed: BTreeSet<String> = IN_ALL.iter().chain(own).map(ToString::to_string).collect();
    let intruders: Vec<&String> = packages.difference(&allowed).collect();
    if !intruders.is_empty() {
        bail!(
            "the artifact of {package} for {target} must not contain {intruders:?}: xtask/checks/src/lint/packages.rs lists the allowed packages"
        );
    }
    let gone: Vec<&String> = allowed.difference(&packages).collect();
    if !gone.is_empty() {
        bail!(
            "xtask/checks/src/lint/packages.rs allows {gone:?} in {package} for {target}, which nothing needs: remove them"
        );
    }
    Ok(())
}

fn xtask_packages(shell: &Shell) -> Result<()> {
    let tree = cargo(shell, "tree").args([
        "--package",
        "xtask",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
    ]);
    let packages = packages(&cmd::read(tree, "list the packages of `cargo xtask`")?);
    let found: Vec<&&str> = C_BUILDERS
        .iter()
        .filter(|name| packages.contains(**name))
        .collect();
    if !found.is_empty() {
        bail!(
            "`cargo xtask` must compile no C or C++, but depends on {found:?}: see `cargo tree -p xtask -i {}`",
            found[0]
        );
    }
    Ok(())
}

/// Returns the names in the output of `cargo tree --prefix none`.
fn packages(tree: &str) -> BTreeSet<String> {
    tree.lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_each_package_once() {
        let tree = "clawft-wasm v0.1.0 (/x)\nwasip1 v1.0.0\nwasip1 v1.0.0 (*)\n\n";
        assert_eq!(
            packages(tree).into_iter().collect::<Vec<_>>(),
            ["clawft-wasm", "wasip1"]
        );
    }
}
