//! Every call of cargo in the repository has `--locked`, so that builds use the reviewed versions in `Cargo.lock`:
//! an outdated lock file stops a build, and is never updated silently.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The commands of cargo that read the lock file.
const COMMANDS: [&str; 15] = [
    "bench",
    "build",
    "check",
    "clean",
    "clippy",
    "doc",
    "fetch",
    "install",
    "metadata",
    "mutants",
    "run",
    "rustc",
    "tarpaulin",
    "test",
    "tree",
];

/// Calls that get the option from another line or from the user, or that have no lock file.
const ELSEWHERE: [(&str, &str); 2] = [
    // `{locked...}` is the user's choice.
    (
        "xtask/artifacts/src/wasm/build.rs",
        "cargo rustc --target {target} {arguments...} {what...} {locked...}",
    ),
    // A temporary workspace without dependencies; std's own lock file applies.
    (
        "xtask/toolchain/src/std_build.rs",
        "{cargo} build --profile sysroot --target {triple} --target-dir {build_directory}",
    ),
];

fn root() -> PathBuf {
    devkit::project::root().expect("a workspace")
}

/// Returns the files below `path` with one of these suffixes.
fn files(path: &Path, ends: &[&str]) -> Vec<PathBuf> {
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        return entries.flat_map(|path| files(&path, ends)).collect();
    }
    let fits = ends.iter().any(|end| path.to_string_lossy().ends_with(end));
    if fits { vec![path.to_owned()] } else { Vec::new() }
}

/// Returns the calls of cargo in Rust: those in `cmd!`, and those of cargo_metadata.
fn calls_in_rust(text: &str) -> Vec<String> {
    let commands = text
        .split("cmd!(")
        .skip(1)
        .filter_map(|rest| rest.split('"').nth(1));
    let commands = commands.map(|words| words.split_whitespace().collect::<Vec<_>>().join(" "));
    let metadata = text
        .split("MetadataCommand::new()")
        .skip(1)
        .filter_map(|rest| rest.split_once(".exec()"));
    // A call without dependencies does not read the lock file.
    let metadata = metadata.filter(|(asked, _)| !asked.contains(".no_deps()"));
    let metadata = metadata.map(|(asked, _)| format!("cargo metadata {asked}"));
    commands.filter(|words| is_call(words)).chain(metadata).collect()
}

/// Returns the calls of cargo in the lines of a script, a workflow or a list of aliases.
fn calls_in_lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    // An alias has the arguments of `cargo`.
    let lines = lines.map(|line| {
        line.split_once(" = \"")
            .map_or(line.to_owned(), |(_, alias)| format!("cargo {alias}"))
    });
    lines
        .filter_map(|line| Some(line[line.find("cargo ")?..].to_owned()))
        .filter(|line| is_call(line))
        .collect()
}

fn is_call(words: &str) -> bool {
    let mut words = words.split(' ');
    let program = words.next().unwrap_or_default();
    let mut rest = words.skip_while(|word| word.trim_start_matches('"').starts_with('+'));
    ["cargo", "{cargo}", "{mutants}", "{tarpaulin}"].contains(&program)
        && rest.next().is_some_and(|word| COMMANDS.contains(&word))
}

fn is_locked(call: &str) -> bool {
    call.contains("--locked")
}

/// Returns whether a call in Rust is locked. `devkit::cargo::cargo` makes the calls of `cargo` itself, so none is
/// written out.
fn is_locked_in_rust(call: &str) -> bool {
    is_locked(call) && (!call.starts_with("cargo ") || call.starts_with("cargo metadata "))
}

#[test]
fn every_call_of_cargo_is_locked() {
    let mut elsewhere = Vec::new();
    let mut wrong = Vec::new();
    let mut look = |path: &Path, calls: fn(&str) -> Vec<String>, is_locked: fn(&str) -> bool| {
        let name = path
            .strip_prefix(root())
            .unwrap()
            .display()
            .to_string()
            .replace('\\', "/");
        for call in calls(&fs::read_to_string(path).unwrap())
            .into_iter()
            .filter(|call| !is_locked(call))
        {
            match ELSEWHERE
                .iter()
                .find(|(file, known)| name == *file && call == *known)
            {
                Some(known) => elsewhere.push(*known),
                None => wrong.push(format!(
                    "{name}: `{call}` lacks `--locked`, which `devkit::cargo::cargo` adds"
                )),
            }
        }
    };
    files(&root().join("xtask"), &[".rs"])
        .iter()
        .filter(|path| !path.starts_with(root().join("xtask/tests")))
        .for_each(|path| look(path, calls_in_rust, is_locked_in_rust));
    for (place, ends) in [
        (".ci", &["run"][..]),
        ("ci", &[""]),
        (".github", &[".yml"]),
        (".cargo/config.toml", &[".toml"]),
    ] {
        files(&root().join(place), ends)
            .iter()
            .for_each(|path| look(path, calls_in_lines, is_locked));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!(
        elsewhere.len(),
        ELSEWHERE.len(),
        "the list has more than there is: {elsewhere:?}"
    );
}

#[test]
fn finds_calls_in_rust_and_in_lines() {
    let rust = r#"cmd!(shell, "cargo build
        --package x"); cmd!(shell, "{cargo} install y"); format!("cargo install y"); MetadataCommand::new().exec()"#;
    assert_eq!(
        calls_in_rust(rust),
        ["cargo build --package x", "{cargo} install y", "cargo metadata "]
    );
    let lines = "# cargo build\nxtask = \"run --package xtask --\"\n  - run: cargo \"+1.0\" install x\ncargo xtask lint\n";
    assert_eq!(
        calls_in_lines(lines),
        ["cargo run --package xtask --\"", "cargo \"+1.0\" install x"]
    );
    assert!(is_locked("cargo run --locked") && !is_locked("cargo run"));
    assert!(is_locked_in_rust("{cargo} install x --locked") && !is_locked_in_rust("cargo build --locked"));
}
