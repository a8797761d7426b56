//! The first half hour: the README's blocks in an empty Debian, exactly as printed. Only addresses differ: a `curl` and
//! a `wasmtime` in front of the real ones, and git's settings, replace those of the release page, the provider and the
//! repository.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result, ensure};
use testkit::Outcome;

use super::cases;
use crate::install::context::InstallContext;

/// The address of the repository in the README.
const REPOSITORY: &str = "https://github.com/clawft/clawft";

/// The time from nothing to a first answer.
const FIRST_ANSWER: Duration = Duration::from_secs(60);

/// The maximum time of a block that compiles, on a busy machine.
const COMPILED: Duration = Duration::from_secs(3_600);

cases! {
    newcomer:
    first_block_installs_and_answers,
    next_block_answers_in_wasmtime,
    build_block_makes_the_artifacts,
}

fn first_block_installs_and_answers(test: &InstallContext<'_>) -> Result<()> {
    let outcome = run(test, &block(test, "Start", 0)?, FIRST_ANSWER)?;
    printed(&outcome, "echo: What is a WASI component?\n")
}

fn next_block_answers_in_wasmtime(test: &InstallContext<'_>) -> Result<()> {
    let blocks = [block(test, "Start", 0)?, block(test, "Start", 1)?].concat();
    let outcome = run(test, &blocks, FIRST_ANSWER)?;
    let answer = "echo: What is a WASI component?\n";
    printed(&outcome, &answer.repeat(2))
}

/// Runs the block up to the command that makes the artifacts. The others are steps of `cargo xtask ci --full`.
fn build_block_makes_the_artifacts(test: &InstallContext<'_>) -> Result<()> {
    let block = block(test, "Build", 0)?;
    let end = block
        .find("cargo xtask dist")
        .context("the block has other commands")?;
    let (commands, _) = block.split_at(end);
    let outcome = run(test, commands, COMPILED)?;
    ensure!(
        outcome.exit == Some(0) && outcome.stdout.contains("clawft.wasm"),
        "the block ended with {:?}",
        outcome.exit
    );
    Ok(())
}

/// Checks that a block succeeded and printed `text`.
fn printed(outcome: &Outcome, text: &str) -> Result<()> {
    ensure!(
        outcome.exit == Some(0) && outcome.stdout == text,
        "the block ended with {:?} and printed {}{}",
        outcome.exit,
        outcome.stdout,
        outcome.stderr
    );
    Ok(())
}

/// Runs `commands` in an empty system, within `limit`.
fn run(test: &InstallContext<'_>, commands: &str, limit: Duration) -> Result<Outcome> {
    let page = test.page()?.url();
    let api = test.api_base("ok");
    let curl = curl(&page);
    let wasmtime = wasmtime(&api);
    let settings = format!("[url \"/checkout\"]\n\tinsteadOf = {REPOSITORY}\n[safe]\n\tdirectory = *\n");
    let files = [
        ("usr/local/bin/curl", curl.as_bytes()),
        ("usr/local/bin/wasmtime", wasmtime.as_bytes()),
        ("root/.gitconfig", settings.as_bytes()),
        ("root/block.sh", commands.as_bytes()),
    ];
    let variables = [
        format!("WEFT_RELEASES={page}"),
        format!("OPENAI_BASE_URL={api}"),
        "RUSTUP_AUTO_INSTALL=0".to_owned(),
    ];
    test.run_in_empty_root(&files, &variables, &[], "cd && sh -e block.sh", limit)
}

/// Returns the commands of a block of the README, by its number below a heading.
fn block(test: &InstallContext<'_>, heading: &str, number: usize) -> Result<String> {
    let readme = fs::read_to_string(test.root().join("README.md")).context("there is no README")?;
    let part = readme
        .split_once(&format!("\n## {heading}\n"))
        .with_context(|| format!("the README has no `{heading}`"))?
        .1;
    commands(part, number).with_context(|| format!("`{heading}` has no block {number}"))
}

/// Returns the commands of a block of the Markdown `text`: lines after a prompt, and lines that continue them.
fn commands(text: &str, number: usize) -> Option<String> {
    let block = text
        .split("\n```console\n")
        .nth(number + 1)?
        .split("\n```")
        .next()?;
    let lines = block.lines().map(|line| line.strip_prefix("$ ").unwrap_or(line));
    Some(lines.map(|line| format!("{line}\n")).collect())
}

/// Returns a `curl` that asks the release page at `page`.
fn curl(page: &str) -> String {
    format!(
        r#"#!/bin/sh
for argument; do
    shift
    case $argument in {REPOSITORY}/releases*) argument={page}${{argument#{REPOSITORY}/releases}} ;; esac
    set -- "$@" "$argument"
done
exec /usr/bin/curl "$@"
"#
    )
}

/// Returns a `wasmtime` whose component asks the provider at `api`.
fn wasmtime(api: &str) -> String {
    format!(
        r#"#!/bin/sh
sed -i 's|"api_key_env"|"api_base": "{api}", &|' my-config/config.json
exec /opt/wasmtime "$@"
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_commands_and_their_continuations() {
        let text = "\nText\n\n```console\n$ one\n```\n\n```console\n$ cat <<'X'\n{}\nX\n$ two\n```\n";
        assert_eq!(commands(text, 0).unwrap(), "one\n");
        assert_eq!(commands(text, 1).unwrap(), "cat <<'X'\n{}\nX\ntwo\n");
        assert_eq!(commands(text, 2), None);
    }
}
