//! Cargo is told `--locked` wherever something of ours calls it, so that what is built is what `Cargo.lock` says and what was
//! reviewed: a lock file that is out of date stops a build, and is never brought up to date on the way.

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

/// Calls that are told so by another line or by the user's flag, or that have no lock file.
const ELSEWHERE: [(&str, &str); 3] = [
    // `{locked...}` is the user's choice.
    (
        "xtask/artifacts/src/wasm/build.rs",
        "cargo build --target {target} {arguments...} {what...} {locked...}",
    ),
    // `options`, which follows, adds what the user chose.
    ("xtask/release/src/dist/build.rs", "cargo build"),
    // A workspace made on the spot, without dependencies; std's own lock file counts.
    (
        "xtask/toolchain/src/std_build.rs",
        "{cargo} build --profile sysroot --target {triple} --target-dir {build_directory}",
    ),
];

fn root() -> PathBuf {
    devkit::project::root().expect("a workspace")
}

/// The files below `path` with one of these ends.
fn files(path: &Path, ends: &[&str]) -> Vec<PathBuf> {
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        return entries.flat_map(|path| files(&path, ends)).collect();
    }
    let fits = ends.iter().any(|end| path.to_string_lossy().ends_with(end));
    if fits { vec![path.to_owned()] } else { Vec::new() }
}

/// The calls of cargo in Rust: those of `cmd!`, and what is asked of cargo_metadata.
fn calls_in_rust(text: &str) -> Vec<String> {
    let commands = text.split("cmd!(").skip(1).filter_map(|rest| rest.split('"').nth(1));
    let commands = commands.map(|words| words.split_whitespace().collect::<Vec<_>>().join(" "));
    let metadata = text.split("MetadataCommand::new()").skip(1).filter_map(|rest| rest.split_once(".exec()"));
    // Without dependencies there is nothing to lock.
    let metadata = metadata.filter(|(asked, _)| !asked.contains(".no_deps()"));
    let metadata = metadata.map(|(asked, _)| format!("cargo metadata {asked}"));
    commands.filter(|words| is_call(words)).chain(metadata).collect()
}

/// The calls of cargo in a script, a workflow or a list of aliases, by the line.
fn calls_in_lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    // An alias is what follows `cargo`.
    let lines = lines
        .map(|line| line.split_once(" = \"").map_or(line.to_owned(), |(_, alias)| format!("cargo {alias}")));
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

/// Returns whether a call in Rust is locked. Those of `cargo` itself are not written out: `devkit::cargo::cargo` makes them.
fn is_locked_in_rust(call: &str) -> bool {
    is_locked(call) && (!call.starts_with("cargo ") || call.starts_with("cargo metadata "))
}

#[test]
fn cargo_is_told_to_leave_the_lock_file_alone() {
    let mut elsewhere = Vec::new();
    let mut wrong = Vec::new();
    let mut look = |path: &Path, calls: fn(&str) -> Vec<String>, is_locked: fn(&str) -> bool| {
        let name = path.strip_prefix(root()).unwrap().display().to_string().replace('\\', "/");
        for call in calls(&fs::read_to_string(path).unwrap()).into_iter().filter(|call| !is_locked(call)) {
            match ELSEWHERE.iter().find(|(file, known)| name == *file && call == *known) {
                Some(known) => elsewhere.push(*known),
                None => wrong
                    .push(format!("{name}: `{call}` lacks `--locked`, which `devkit::cargo::cargo` adds")),
            }
        }
    };
    files(&root().join("xtask"), &[".rs"])
        .iter()
        .filter(|path| !path.starts_with(root().join("xtask/tests")))
        .for_each(|path| look(path, calls_in_rust, is_locked_in_rust));
    for (place, ends) in
        [(".ci", &["run"][..]), ("ci", &[""]), (".github", &[".yml"]), (".cargo/config.toml", &[".toml"])]
    {
        files(&root().join(place), ends).iter().for_each(|path| look(path, calls_in_lines, is_locked));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!(elsewhere.len(), ELSEWHERE.len(), "the list has more than there is: {elsewhere:?}");
}

#[test]
fn a_call_is_found_wherever_it_stands() {
    let rust = r#"cmd!(shell, "cargo build
        --package x"); cmd!(shell, "{cargo} install y"); format!("cargo install y"); MetadataCommand::new().exec()"#;
    assert_eq!(calls_in_rust(rust), ["cargo build --package x", "{cargo} install y", "cargo metadata "]);
    let lines = "# cargo build\nxtask = \"run --package xtask --\"\n  - run: cargo \"+1.0\" install x\ncargo xtask lint\n";
    assert_eq!(calls_in_lines(lines), ["cargo run --package xtask --\"", "cargo \"+1.0\" install x"]);
    assert!(is_locked("cargo run --locked") && !is_locked("cargo run"));
    assert!(is_locked_in_rust("{cargo} install x --locked") && !is_locked_in_rust("cargo build --locked"));
}
