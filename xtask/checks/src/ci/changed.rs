//! Plans the tests of a change: those of the packages that it touches, and of the packages that depend on them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use cargo_metadata::{Metadata, MetadataCommand, Package, PackageId};
use devkit::{cmd, project::Project, ui};
use flags::Step;
use xshell::{Shell, cmd};

use super::steps::{Command, Planned};

/// The package whose tests check documents, workflows and other files outside the packages.
const REPOSITORY_CHECKS: &str = "xtask";

/// Files that influence the build of every package.
const SHARED: [&str; 4] = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    ".cargo/config.toml",
];

/// Plans the unit tests of the packages that differ from `base`, and of those that depend on them, if `text` is given
/// only the tests whose name contains it. Returns no step if nothing differs.
///
/// # Errors
/// Fails if git does not know `base`, or cargo cannot read the workspace.
pub(super) fn tests(project: &Project, base: Option<&str>, text: Option<&str>) -> Result<Vec<Planned>> {
    let shell = project.shell()?;
    let files = files(&shell, base)?;
    let metadata = metadata(&project.root)?;
    let touched = touched(&metadata, &project.root, &files);
    let (tested, others) = with_dependents(&metadata, touched);
    if !others.is_empty() {
        let names = others.into_iter().collect::<Vec<_>>().join(", ");
        ui::status(
            "Skipping",
            &format!("{names}: built on demand, and tested by the steps that use them"),
        );
    }
    Ok(if tested.is_empty() {
        Vec::new()
    } else {
        vec![step(&tested, text)]
    })
}

/// Asks cargo for the packages of the workspace at `root`, without resolving their dependencies.
fn metadata(root: &Path) -> Result<Metadata> {
    let mut command = MetadataCommand::new();
    let command = command.manifest_path(root.join("Cargo.toml")).no_deps();
    command.exec().context("could not read the workspace's packages")
}

fn step(packages: &BTreeSet<String>, text: Option<&str>) -> Planned {
    let mut words: Vec<String> = ["test", "--locked", "--no-fail-fast"].map(str::to_owned).to_vec();
    words.extend(
        packages
            .iter()
            .flat_map(|package| ["--package".to_owned(), package.clone()]),
    );
    words.extend(text.map(str::to_owned));
    Planned {
        step: Step::Unit,
        command: Command::Cargo(words),
    }
}

/// Returns the files that differ from the commit where the branch left `base`, untracked files included, relative to
/// the root.
fn files(shell: &Shell, base: Option<&str>) -> Result<Vec<PathBuf>> {
    let base = base.map_or_else(|| default_base(shell), |base| Ok(base.to_owned()))?;
    let fork = cmd!(shell, "git merge-base HEAD {base}");
    let fork = cmd::read(
        fork,
        &format!("find the commit that HEAD and `{base}` have in common"),
    )?;
    let changed = cmd::read(
        cmd!(shell, "git diff --name-only --no-renames {fork}"),
        "list the changed files",
    )?;
    let new = cmd::read(
        cmd!(shell, "git ls-files --others --exclude-standard"),
        "list the untracked files",
    )?;
    Ok(changed.lines().chain(new.lines()).map(PathBuf::from).collect())
}

/// Returns `origin/main` if there is one, else `main`.
fn default_base(shell: &Shell) -> Result<String> {
    let origin = cmd!(shell, "git rev-parse --verify --quiet origin/main");
    let known = cmd::output(origin, "ask git for origin/main")?.status.success();
    Ok(if known { "origin/main" } else { "main" }.to_owned())
}

/// Returns the packages that contain one of `files`. A file outside the packages counts for the package with the
/// repository's checks, and a file that influences all builds counts for all packages.
fn touched<'m>(metadata: &'m Metadata, root: &Path, files: &[PathBuf]) -> BTreeSet<&'m PackageId> {
    let members = metadata.workspace_packages();
    if files
        .iter()
        .any(|file| SHARED.iter().any(|shared| file == Path::new(shared)))
    {
        return members.into_iter().map(|package| &package.id).collect();
    }
    let owner = |file: &PathBuf| {
        let path = root.join(file);
        let holds = |package: &&&Package| {
            package
                .manifest_path
                .parent()
                .is_some_and(|it| path.starts_with(it))
        };
        let innermost = |package: &&&Package| package.manifest_path.as_str().len();
        let found = members.iter().filter(holds).max_by_key(innermost);
        found.or_else(|| members.iter().find(|package| *package.name == REPOSITORY_CHECKS))
    };
    files
        .iter()
        .filter_map(owner)
        .map(|package| &package.id)
        .collect()
}

/// Returns the names of `touched` and of everything that depends on them: first those that `cargo test` covers by
/// default, then the others.
fn with_dependents(
    metadata: &Metadata,
    touched: BTreeSet<&PackageId>,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let members = metadata.workspace_packages();
    let by_directory: BTreeMap<_, _> = members
        .iter()
        .filter_map(|package| Some((package.manifest_path.parent()?, &package.id)))
        .collect();
    let depends_on = |package: &Package, found: &BTreeSet<&PackageId>| {
        let mut directories = package
            .dependencies
            .iter()
            .filter_map(|dependency| dependency.path.as_deref());
        directories.any(|directory| by_directory.get(directory).is_some_and(|id| found.contains(id)))
    };
    let mut found = touched;
    loop {
        let count = found.len();
        for package in &members {
            if depends_on(package, &found) {
                found.insert(&package.id);
            }
        }
        if found.len() == count {
            break;
        }
    }
    let defaults: BTreeSet<&PackageId> = metadata
        .workspace_default_packages()
        .into_iter()
        .map(|package| &package.id)
        .collect();
    let names = |default: bool| {
        let packages = members.iter().filter(|package| found.contains(&package.id));
        let packages = packages.filter(|package| defaults.contains(&package.id) == default);
        packages.map(|package| package.name.to_string()).collect()
    };
    (names(true), names(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested(files: &[&str]) -> (BTreeSet<String>, BTreeSet<String>) {
        let project = Project::discover().unwrap();
        let metadata = metadata(&project.root).unwrap();
        let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        with_dependents(&metadata, touched(&metadata, &project.root, &files))
    }

    fn names(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn tests_a_package_and_its_dependents() {
        let (packages, _) = tested(&["crates/clawft-core/src/lib.rs"]);
        assert!(
            packages.is_superset(&names(&["clawft-core", "clawft-wasm"])),
            "{packages:?}"
        );
        assert!(
            !packages.contains("clawft-types") && !packages.contains("devkit"),
            "{packages:?}"
        );
    }

    #[test]
    fn tests_the_repository_for_a_document() {
        assert_eq!(tested(&["docs/size.md"]), (names(&["xtask"]), BTreeSet::new()));
        assert_eq!(tested(&[]), (BTreeSet::new(), BTreeSet::new()));
    }

    #[test]
    fn tests_everything_for_the_lock_file() {
        let (packages, others) = tested(&["Cargo.lock"]);
        assert!(
            packages.contains("clawft-types") && packages.contains("devkit"),
            "{packages:?}"
        );
        assert!(others.contains("test-host"), "{others:?}");
    }

    #[test]
    fn one_step_runs_the_tests_of_all_packages() {
        let words = step(&names(&["b", "a"]), Some("session")).command.words();
        assert_eq!(
            words,
            "cargo test --locked --no-fail-fast --package a --package b session"
        );
    }
}
