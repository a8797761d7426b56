//! Checks that certain packages are absent from the artifacts and from `cargo xtask`.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use devkit::{cargo::cargo, cmd, project::Project};
use xshell::Shell;

/// The packages that may be in both artifacts: only our own. No async runtime, no TLS, no HTTP stack, no parser.
const IN_BOTH: [&str; 6] = [
    "clawft-core",
    "clawft-mcp",
    "clawft-store",
    "clawft-tools",
    "clawft-types",
    "clawft-wasm",
];

/// The packages of each artifact beside [`IN_BOTH`]: the bindings of its host.
const IN_ONE: [(&str, &[&str]); 2] = [
    ("wasm32-wasip2", &["wasip2", "wit-bindgen"]),
    ("wasm32-wasip1", &["wasip1"]),
];

/// Packages that compile C or C++, for which users of `cargo xtask` would have to wait.
const C_BUILDERS: &[&str] = &["bindgen", "cc", "cmake", "cxx-build", "pkg-config"];

pub(super) fn check(project: &Project) -> Result<()> {
    let shell = project.shell()?;
    IN_ONE
        .iter()
        .try_for_each(|(target, own)| artifact_packages(&shell, target, own))?;
    xtask_packages(&shell)
}

fn artifact_packages(shell: &Shell, target: &str, own: &[&str]) -> Result<()> {
    let tree = cargo(shell, "tree")
        .args(["--package", "clawft-wasm", "--target", target])
        .args(["--edges", "normal,no-proc-macro", "--prefix", "none"]);
    let packages = packages(&cmd::read(tree, "list the packages of an artifact")?);
    let allowed: BTreeSet<String> = IN_BOTH.iter().chain(own).map(ToString::to_string).collect();
    let intruders: Vec<&String> = packages.difference(&allowed).collect();
    if !intruders.is_empty() {
        bail!(
            "the artifact for {target} must not contain {intruders:?}: xtask/checks/src/lint/packages.rs lists the allowed packages"
        );
    }
    let gone: Vec<&String> = allowed.difference(&packages).collect();
    if !gone.is_empty() {
        bail!(
            "xtask/checks/src/lint/packages.rs allows {gone:?} for {target}, which nothing needs: remove them"
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
