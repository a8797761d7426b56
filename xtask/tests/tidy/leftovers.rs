//! Temporary files and directories of commands, which an interrupted command must not leave behind.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The functions of `tempfile` that make something with a path.
const MAKERS: [&str; 6] = [
    "tempfile::tempdir(",
    ".tempdir(",
    "tempdir_in(",
    "TempDir::new",
    "NamedTempFile::new",
    ".tempfile_in(",
];

/// The files that may call them, all others call `builds::temporary::directory`; each with its reason.
const ELSEWHERE: [&str; 10] = [
    // The function itself.
    "xtask/builds/src/temporary.rs",
    // The file is renamed in the next instant.
    "xtask/builds/src/files.rs",
    // These commands handle signals themselves, and remove their files before they end.
    "xtask/checks/src/ci/program.rs",
    "xtask/checks/src/mutants/diff.rs",
    "xtask/checks/src/mutants/runner.rs",
    // Below a directory that is removed.
    "xtask/e2e/src/guests/fixture.rs",
    // These need a certain name or parent, and are removed when a signal ends the command.
    "xtask/release/src/release/staging.rs",
    "xtask/release/src/release/verify/environment.rs",
    "xtask/testkit/src/directory.rs",
    // The next run removes it: one that is interrupted may belong to another process.
    "xtask/toolchain/src/staging.rs",
];

/// Returns the faults of the sources below `root`: temporary files that are made elsewhere, and files of the list that
/// make none.
pub(crate) fn faults(root: &Path) -> Vec<String> {
    let found = sources_with(root, makes_some);
    let expected: BTreeSet<String> = ELSEWHERE.map(str::to_owned).into();
    let surplus = found.difference(&expected);
    let surplus = surplus
        .map(|name| format!("{name}: `builds::temporary` makes directories that no signal leaves behind"));
    let gone = expected
        .difference(&found)
        .map(|name| format!("{name} makes no temporary file: remove it from the list"));
    surplus.chain(gone).collect()
}

/// Returns the names of the sources of packages below `root` whose text `has` something.
pub(crate) fn sources_with(root: &Path, has: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let packages = fs::read_dir(root.join("xtask")).unwrap();
    let sources = packages.map(|package| package.unwrap().path().join("src"));
    let files: Vec<PathBuf> = sources
        .filter(|path| path.is_dir())
        .flat_map(|path| below(&path))
        .collect();
    let name = |path: &PathBuf| {
        path.strip_prefix(root)
            .unwrap()
            .display()
            .to_string()
            .replace('\\', "/")
    };
    let found = files
        .iter()
        .filter(|path| has(&fs::read_to_string(path).unwrap()));
    found.map(name).collect()
}

/// Returns whether `text`, without its tests, makes a temporary file or directory.
fn makes_some(text: &str) -> bool {
    let code = text.split("\nmod tests {").next().unwrap_or_default();
    MAKERS.iter().any(|maker| code.contains(maker))
}

/// Returns the Rust files below `directory` that are no tests.
fn below(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let found = |path: PathBuf| match path {
        path if path.is_dir() => below(&path),
        path if path.ends_with("tests.rs") => Vec::new(),
        path if path.extension().is_some_and(|extension| extension == "rs") => vec![path],
        _ => Vec::new(),
    };
    entries.flat_map(found).collect()
}

#[test]
fn finds_temporary_files_outside_of_tests() {
    assert!(makes_some("let directory = tempfile::tempdir()?;"));
    assert!(makes_some("builder.prefix(\"x\").tempdir()"));
    assert!(!makes_some(
        "temporary::directory()?;\n#[cfg(test)]\nmod tests {\n    tempfile::tempdir()"
    ));
}
