//! Plans the tests of a change: those of the packages that it touches, of the packages that depend on them, and of
//! those whose tests read a file that it touches, such as a document.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use cargo_metadata::{Metadata, MetadataCommand, Package, PackageId};
use devkit::{cmd, project::Project, revision, ui};
use flags::Step;
use xshell::{Shell, cmd};

use super::steps::{Command, Planned};

/// The package whose tests check documents, workflows and other files outside the packages.
const REPOSITORY_CHECKS: &str = "xtask";

/// A document that nearly every change touches: its readers are left to `cargo xtask test`.
const CHANGELOG: &str = "CHANGELOG.md";

/// The package that compares the commands in documents with those of a program, for tests of other packages.
const COMMAND_DOCS: &str = "command-docs";

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
    let (mut tested, others) = with_dependents(&metadata, touched(&metadata, &project.root, &files));
    let sources = revision::files(&shell, &project.root)?;
    tested.extend(readers(&metadata, &project.root, &files, &sources)?);
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
        cmd!(shell, "git diff -z --name-only --no-renames {fork}"),
        "list the changed files",
    )?;
    let new = cmd::read(
        cmd!(shell, "git ls-files -z --others --exclude-standard"),
        "list the untracked files",
    )?;
    // Without `-z`, git puts a name with other than ASCII characters between quotation marks.
    let names = changed.split('\0').chain(new.split('\0'));
    Ok(names.filter(|name| !name.is_empty()).map(PathBuf::from).collect())
}

/// Returns `origin/main` if there is one, else `main`.
fn default_base(shell: &Shell) -> Result<String> {
    let origin = cmd!(shell, "git rev-parse --verify --quiet origin/main");
    let known = cmd::output(origin, "ask git for origin/main")?.status.success();
    Ok(if known { "origin/main" } else { "main" }.to_owned())
}

/// Returns the names of the default packages whose `sources` name one of `files` that is no source itself: their tests
/// compare it with the code, or their programs contain it. For a document these are also the packages that compare its
/// commands with theirs.
fn readers(
    metadata: &Metadata,
    root: &Path,
    files: &[PathBuf],
    sources: &BTreeSet<PathBuf>,
) -> Result<BTreeSet<String>> {
    let is = |path: &Path, extension: &str| path.extension().is_some_and(|found| found == extension);
    let is_data = |file: &&PathBuf| !is(file, "rs") && file.as_path() != Path::new(CHANGELOG);
    let data: Vec<&PathBuf> = files.iter().filter(is_data).collect();
    let names: Vec<&str> = data.iter().filter_map(|file| file.to_str()).collect();
    let has_document = data.iter().any(|file| is(file, "md"));
    let mut found = BTreeSet::new();
    for package in metadata.workspace_default_packages() {
        let directory = package
            .manifest_path
            .parent()
            .context("a manifest is in a directory")?;
        let directory = directory.as_std_path().strip_prefix(root)?;
        let compares = has_document && package.dependencies.iter().any(|it| it.name == COMMAND_DOCS);
        let mut own = sources
            .iter()
            .filter(|path| is(path, "rs") && is_below(path, directory));
        let reads = |path: &PathBuf| {
            let text = fs::read_to_string(root.join(path)).unwrap_or_default();
            names.iter().any(|name| text.contains(name))
        };
        if compares || own.any(reads) {
            found.insert(package.name.to_string());
        }
    }
    Ok(found)
}

/// Returns whether `path` is a file of the package in `directory`, and not of a package inside it.
fn is_below(path: &Path, directory: &Path) -> bool {
    let inside = path.strip_prefix(directory).ok();
    inside.is_some_and(|path| {
        ["src", "tests", "build.rs"]
            .iter()
            .any(|part| path.starts_with(part))
    })
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
    fn tests_the_packages_that_read_a_file() {
        let project = Project::discover().unwrap();
        let metadata = metadata(&project.root).unwrap();
        let sources = revision::files(&project.shell().unwrap(), &project.root).unwrap();
        let read = |file: &str| readers(&metadata, &project.root, &[file.into()], &sources).unwrap();
        let of_document = read("docs/serve.md");
        assert!(
            of_document.is_superset(&names(&["e2e", "flags", "weft"])),
            "{of_document:?}"
        );
        assert!(!of_document.contains("clawft-core"), "{of_document:?}");
        assert!(read("docs/size.md").contains("artifacts"));
        assert!(read("xtask/data/coverage.toml").contains("checks"));
        assert_eq!(read("xtask/e2e/src/lib.rs"), BTreeSet::new());
        assert_eq!(read("CHANGELOG.md"), BTreeSet::new());
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
