//! Runs the fuzzer on targets, several at a time.

use std::{
    fs::{self, File},
    path::Path,
    process::Stdio,
};

use anyhow::{Context as _, Result, ensure};
use builds::{files, pool};
use devkit::{cmd, project::Project};
use xshell::{Cmd, Shell, cmd};

use super::{
    Corpus,
    outcome::{Effort, Outcome},
    report,
};

/// Limits whose excess counts as a crash. An input is a few kilobytes and takes microseconds, so both are far
/// above that, even on a busy machine.
const LIMITS: [&str; 3] = ["-timeout=10", "-rss_limit_mb=1024", "-max_len=4096"];

/// Fuzzes every target for the same time, and reports each as it ends. Results are in the order of the targets.
pub(super) fn all(project: &Project, places: &[Corpus], seconds: u64, jobs: usize) -> Vec<Outcome> {
    pool::run(places, jobs, |place| {
        let outcome = Outcome {
            name: place.target.name(),
            effort: one(project, place, seconds),
        };
        report::line(&outcome);
        outcome
    })
}

fn one(project: &Project, place: &Corpus, seconds: u64) -> Result<Effort> {
    let shell = project.shell()?;
    let Corpus {
        corpus,
        crashes,
        seeds,
        words,
        log,
        ..
    } = place;
    // libFuzzer writes new inputs to the first directory.
    let options = [
        format!("-max_total_time={seconds}"),
        format!("-artifact_prefix={}/", crashes.display()),
        format!("-dict={}", words.display()),
    ];
    let command = fuzz(&shell, place)
        .args([corpus, seeds, crashes])
        .args(options)
        .args(LIMITS);
    // Overrides the user's setting: backtraces show only the fuzzer's own frames, and `reproduce` shows all of them.
    let command = command.env("RUST_BACKTRACE", "0");
    let said = File::create(log).with_context(|| format!("could not write `{}`", log.display()))?;
    let streams = [Stdio::null(), Stdio::null(), said.into()];
    let status = cmd::spawn(command, streams, "start the fuzzer")?
        .wait()
        .context("could not wait for the fuzzer")?;
    let said = files::read(log)?;
    Effort::read(&String::from_utf8_lossy(&said), status.success())
        .with_context(|| format!("the fuzzer ended with {status}, see `{}`", log.display()))
}

/// Runs a target on one input, with its output on the terminal.
pub(super) fn reproduce(project: &Project, place: &Corpus, input: &Path) -> Result<()> {
    fs::metadata(input).with_context(|| format!("could not read `{}`", input.display()))?;
    let shell = project.shell()?;
    let command = fuzz(&shell, place)
        .arg(input)
        .args(LIMITS)
        .env("RUST_BACKTRACE", "1");
    let status = cmd::status(command, "start the fuzzer")?;
    ensure!(
        status.success(),
        "target `{}` fails for `{}`",
        place.target.name(),
        input.display()
    );
    Ok(())
}

fn fuzz<'s>(shell: &'s Shell, place: &Corpus) -> Cmd<'s> {
    let program = &place.program;
    cmd!(shell, "{program}")
}
