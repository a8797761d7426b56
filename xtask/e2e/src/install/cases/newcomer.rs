//! The first half hour: the README's first blocks in an empty home, exactly as printed. Only the addresses of the
//! release page and of the provider are replaced, by variables and by a `curl` in front of the real one.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use builds::files::{Mode, replace_as};
use testkit::Outcome;
use xshell::cmd;

use super::cases;
use crate::install::context::InstallContext;

/// The address of the release pages in the README.
const RELEASES: &str = "https://github.com/clawft/clawft/releases";

/// The time from nothing to a first answer.
const FIRST_ANSWER: Duration = Duration::from_secs(60);

cases! {
    newcomer:
    first_block_installs_and_answers,
    next_block_works_in_a_directory,
}

fn first_block_installs_and_answers(test: &InstallContext<'_>) -> Result<()> {
    let start = Instant::now();
    let outcome = run_block(test, 0)?;
    ensure!(
        outcome.exit == Some(0) && outcome.stdout == "echo: What is a WASI component?\n",
        "the block ended with {:?} and printed {}{}",
        outcome.exit,
        outcome.stdout,
        outcome.stderr
    );
    let needed = start.elapsed();
    ensure!(
        needed < FIRST_ANSWER,
        "the first answer took {} s",
        needed.as_secs()
    );
    Ok(())
}

fn next_block_works_in_a_directory(test: &InstallContext<'_>) -> Result<()> {
    run_block(test, 0)?;
    fs::create_dir(test.home().join("project"))?;
    let outcome = run_block(test, 1)?;
    ensure!(
        outcome.exit == Some(0) && outcome.stdout.starts_with("echo: Add a section"),
        "the block ended with {:?} and printed {}{}",
        outcome.exit,
        outcome.stdout,
        outcome.stderr
    );
    Ok(())
}

/// Runs the block with this number below the heading `Start`, in an environment of its own.
fn run_block(test: &InstallContext<'_>, number: usize) -> Result<Outcome> {
    let readme = fs::read_to_string(test.root().join("README.md")).context("there is no README")?;
    let start = readme
        .split_once("\n## Start\n")
        .context("the README has no `Start`")?
        .1;
    let block = commands(start, number).with_context(|| format!("there is no block {number}"))?;
    let (script, programs) = (test.path("block.sh"), test.path("programs"));
    fs::write(&script, block)?;
    let page = test.page()?.url();
    fs::create_dir_all(&programs)?;
    replace_as(&programs.join("curl"), curl(&page).as_bytes(), Mode::Program)?;
    let path = [
        &programs,
        &test.home().join(".local/bin"),
        Path::new("/usr/bin"),
        Path::new("/bin"),
    ]
    .map(|directory| directory.display().to_string())
    .join(":");
    let shell = test.shell()?;
    let command = cmd!(shell, "sh -e {script}")
        .env_clear()
        .env("HOME", test.home())
        .env("PATH", path)
        .env("WEFT_RELEASES", page)
        .env("OPENAI_API_KEY", "sk-...")
        .env("OPENAI_BASE_URL", test.api_base("ok"));
    test.run(command, "")
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
    case $argument in {RELEASES}*) argument={page}${{argument#{RELEASES}}} ;; esac
    set -- "$@" "$argument"
done
exec /usr/bin/curl "$@"
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
