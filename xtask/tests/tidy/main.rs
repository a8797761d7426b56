//! The rules of the repository.
//!
//! For the workflows in `.github`, beyond the checks of actionlint, zizmor and act: hosted machines run the same
//! commands as developers, and nothing else.
//!
//! - A `run:` of a workflow is one line `cargo xtask …` of words and `"$VARIABLE"`, with options that the command
//!   has. Every value of a variable in the job's matrix is tried.
//! - A `run:` of an action in `.github/actions` prepares the machine: each of its lines begins as one of
//!   [`rules::SET_UP`], and every entry there is used. So no action hides a build or a decision.
//! - No `run:` contains an expression `${{ … }}`, because its value would run as part of the script.
//! - An action of others is pinned to a commit, the same everywhere, with its version in a comment; one of ours
//!   exists, and is used after the checkout that contains it.
//! - A workflow has no permissions, each job lists its own with a reason, and has a time limit.
//! - No job builds `weft` on Windows, which only runs what another machine has built.
//! - One job joins all others of its workflow, and reads their results even when one has failed.
//! - Every artifact that a job downloads was uploaded by a job that it waits for.
//!
//! Each rule is a function from a file to its faults, and [`samples`] shows that each rule finds its fault.
//!
//! For the packages in [`PACKAGES`]: no top-level module uses itself through others ([`modules`]).
//!
//! For the commands: an interrupted one leaves no temporary files behind ([`leftovers`]).
//!
//! No package starts its own program for the command of another package ([`own_program`]).
//!
//! For the product crates: each root denies the same lints ([`promises`]).
//!
//! For comments and documents: plain language ([`language`]). For documents: the files, packages and tests that they
//! name exist ([`map`]).
//!
//! For the READMEs of packages: there is one, and what it names exists ([`readmes`]).
//!
//! For all Rust files: one style of imports ([`imports`]), and names of tests that say the case ([`test_names`]).
//! No `let` with a tuple of values that are made in different ways ([`tuple_lets`]).

mod checkout;
mod commands;
mod document;
mod imports;
mod language;
mod leftovers;
mod map;
mod modules;
mod own_program;
mod promises;
mod readmes;
mod rules;
mod samples;
mod steps;
mod test_names;
mod tuple_lets;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use devkit::{cargo::cargo, cmd};
use xshell::Shell;

use document::Document;
use modules::Uses;

/// The sources of packages whose modules must not use one another in cycles.
const PACKAGES: [&str; 31] = [
    "crates/clawft-api/src",
    "crates/clawft-core/src",
    "crates/clawft-mcp/src",
    "crates/clawft-serve/src",
    "crates/clawft-store/src",
    "crates/clawft-tools/src",
    "crates/clawft-types/src",
    "crates/clawft-wasm/src",
    "crates/size-budget/src",
    "crates/wasm-diet/src",
    "crates/weft-agent/src",
    "crates/weft-gateway/src",
    "xtask/builds/src",
    "xtask/command-docs/src",
    "xtask/corpus/src",
    "xtask/devkit/src",
    "xtask/flags/src",
    "xtask/fuzz/src",
    "xtask/artifacts/src",
    "xtask/bench/src",
    "xtask/checks/src",
    "xtask/e2e/src",
    "xtask/image/src/program",
    "xtask/load-generator/src",
    "xtask/mock-provider/src",
    "xtask/notices/src",
    "xtask/release/src",
    "xtask/test-host/src",
    "xtask/testkit/src",
    "xtask/toolchain/src",
    "xtask/wamr-runner/src",
];

/// The crates that everyone who types `cargo xtask` compiles.
const COMPILED_BY_EVERYONE: [&str; 31] = [
    "anstream",
    "anstyle",
    "anstyle_parse",
    "anstyle_query",
    "anyhow",
    "bitflags",
    "clap",
    "clap_builder",
    "clap_derive",
    "clap_lex",
    "colorchoice",
    "devkit",
    "flags",
    "heck",
    "is_terminal_polyfill",
    "itoa",
    "linux_raw_sys",
    "memchr",
    "proc_macro2",
    "quote",
    "rustix",
    "serde_core",
    "serde_json",
    "strsim",
    "syn",
    "terminal_size",
    "unicode_ident",
    "utf8parse",
    "xshell",
    "xshell_macros",
    "zmij",
];

/// Returns the root of the workspace.
fn root() -> PathBuf {
    devkit::project::root().expect("a workspace")
}

#[test]
fn all_workflows_follow_the_rules() {
    let workflows = Document::all(&root().join(".github/workflows"));
    assert!(workflows.len() >= 2, "no workflows are found");
    let wrong: Vec<String> = workflows.iter().flat_map(rules::workflow).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn pull_requests_run_every_step_of_a_change() {
    let workflows = Document::all(&root().join(".github/workflows"));
    let of_change = workflows
        .iter()
        .find(|workflow| workflow.name.ends_with("wasm-build.yml"));
    let wrong = steps::wrong(of_change.unwrap());
    assert!(wrong.is_empty(), "no job runs {wrong:?}");
}

#[test]
fn all_actions_follow_the_rules() {
    let actions = Document::all(&root().join(".github/actions"));
    assert!(!actions.is_empty(), "no actions are found");
    let wrong: Vec<String> = actions
        .iter()
        .flat_map(rules::action)
        .chain(rules::unneeded(&actions))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn pins_each_action_to_one_commit() {
    let wrong = rules::pinned_differently(&Document::all(&root().join(".github")));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn modules_of_a_package_have_no_cycles() {
    for sources in PACKAGES {
        let uses = Uses::read(&root().join(sources));
        let count = uses.modules().count();
        assert!(
            count > 1 && uses.of("main").count() == count,
            "not all modules are found: {uses:?}"
        );
        let wrong = uses.cycles();
        assert!(wrong.is_empty(), "in {sources}:\n{}", wrong.join("\n"));
    }
}

#[test]
fn interrupted_commands_leave_nothing_behind() {
    let wrong = leftovers::faults(&root());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn packages_start_xtask_for_other_commands() {
    let wrong = own_program::faults(&root());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn product_crates_deny_the_same_lints() {
    let roots = promises::roots(&root().join("crates"));
    assert!(roots.len() >= 14, "not all roots are found: {roots:?}");
    let wrong: Vec<String> = roots.iter().filter_map(|path| promises::fault(path)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn comments_and_documents_are_plain() {
    let wrong = language::faults_of_checkout(&root());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn documents_name_what_is_there() {
    let wrong = map::faults_of_checkout(&root());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn readmes_of_packages_name_what_exists() {
    let wrong = readmes::faults_of_checkout(&root());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn imports_have_one_style() {
    let wrong = imports::faults_of_checkout(&root());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn each_value_has_its_own_let() {
    let wrong = tuple_lets::faults_of_checkout(&root());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn names_of_tests_say_the_case() {
    let wrong = test_names::faults_of_checkout(&root());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn xtask_itself_stays_small() {
    let shell = Shell::new().unwrap();
    shell.change_dir(root());
    let tree = cargo(&shell, "tree").args(["--package", "xtask", "--edges", "normal,build"]);
    let tree = tree.args([
        "--prefix",
        "none",
        "--format",
        "{lib}",
        "--target",
        "x86_64-unknown-linux-gnu",
    ]);
    let tree = cmd::read(tree, "list the crates of `cargo xtask`").unwrap();
    let found: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    let found: Vec<&str> = found.into_iter().filter(|name| !name.is_empty()).collect();
    assert_eq!(
        found, COMPILED_BY_EVERYONE,
        "everyone who types `cargo xtask` compiles these crates"
    );

    let lines: usize = sources(&root().join("xtask/src"))
        .iter()
        .map(|text| text.lines().count())
        .sum();
    assert!(
        lines <= 2_500,
        "{lines} lines in xtask/src: move work into a package"
    );
}

/// Returns the texts of all files below `directory`.
fn sources(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        if path.is_dir() {
            sources(&path)
        } else {
            vec![fs::read_to_string(path).unwrap()]
        }
    };
    entries.flat_map(read).collect()
}
