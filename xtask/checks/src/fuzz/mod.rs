//! `cargo xtask fuzz`: the targets of `xtask/fuzz` below libFuzzer.
//!
//! Seeds are committed with the targets. What the fuzzer finds beyond them is kept in the cache, one folder a target, and
//! the next run begins with it: `corpus/` for inputs that reach new code, `crashes/` for those that end a run, `log` for
//! what libFuzzer said.
//!
//! Modules in reading order: [`build`] compiles the fuzzer, [`mod@run`] lets it loose on a target, [`outcome`] reads what came
//! of that, [`report`] tells of it.

mod build;
mod outcome;
mod report;
mod run;

use std::{
    fs,
    path::{Path, PathBuf, absolute},
    thread,
};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum as _;
use devkit::{project::Project, ui};
use flags::{Fuzz, FuzzTarget};

pub(crate) fn run(project: &Project, flags: &Fuzz) -> Result<()> {
    if let Some(input) = &flags.input {
        let [target] = flags.targets[..] else { bail!("`--input` goes with exactly one target") };
        let input = absolute(input).with_context(|| format!("bad path `{}`", input.display()))?;
        return run::again(project, &build::fuzzer(project)?, Corpus::new(project, target)?, &input);
    }
    let targets = targets(flags);
    let jobs = flags.jobs.map_or_else(processors, usize::from).min(targets.len());
    let fuzzer = build::fuzzer(project)?;
    ui::status("Fuzzing", &plan(&targets, flags.seconds, jobs));
    let places = targets.iter().map(|target| Corpus::new(project, *target)).collect::<Result<Vec<_>>>()?;
    report::summary(&run::all(project, &fuzzer, &places, flags.seconds, jobs))
}

/// Those that were named, each once, or all of them.
fn targets(flags: &Fuzz) -> Vec<FuzzTarget> {
    let chosen = |target: &FuzzTarget| flags.targets.is_empty() || flags.targets.contains(target);
    FuzzTarget::value_variants().iter().copied().filter(chosen).collect()
}

/// A target and its folders. All exist.
#[derive(Debug)]
struct Corpus {
    target: FuzzTarget,
    /// Committed inputs, never written to.
    seeds: PathBuf,
    /// Words of the formats that are read, in libFuzzer's form.
    words: PathBuf,
    /// Inputs that reach code which no earlier one reaches.
    corpus: PathBuf,
    /// Inputs that ended a run. They are tried first the next time, so a crash stays one until it is mended.
    crashes: PathBuf,
    /// What libFuzzer said in the latest run.
    log: PathBuf,
}

impl Corpus {
    fn new(project: &Project, target: FuzzTarget) -> Result<Self> {
        let name = target.name();
        let folder = folder(&project.root);
        let (seeds, words) = (folder.join("seeds").join(&name), folder.join("words.dict"));
        let corpus = project.cache_folder(&format!("fuzz/{name}/corpus"))?;
        let crashes = project.cache_folder(&format!("fuzz/{name}/crashes"))?;
        let log = corpus.with_file_name("log");
        fs::metadata(&seeds).with_context(|| format!("could not find the seeds `{}`", seeds.display()))?;
        Ok(Self { target, seeds, words, corpus, crashes, log })
    }
}

/// The package with the targets.
fn folder(root: &Path) -> PathBuf {
    root.join("xtask").join("fuzz")
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// What is about to happen and how long it takes.
fn plan(targets: &[FuzzTarget], seconds: u64, jobs: usize) -> String {
    let names: Vec<String> = targets.iter().map(|target| target.name()).collect();
    let rounds = u64::try_from(targets.len().div_ceil(jobs.max(1))).unwrap_or(u64::MAX);
    format!(
        "{}: {seconds} s each, {jobs} at a time, {} s in all",
        names.join(", "),
        rounds.saturating_mul(seconds)
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_target_of_the_command_line_has_its_seeds_and_the_other_way_round() {
        let root = devkit::project::root().unwrap();
        let folders = fs::read_dir(folder(&root).join("seeds")).unwrap();
        let folders: BTreeSet<String> =
            folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(folders, FuzzTarget::value_variants().iter().map(|target| target.name()).collect());
    }

    #[test]
    fn the_plan_says_how_long_it_takes() {
        let targets = [FuzzTarget::Sse, FuzzTarget::Config, FuzzTarget::Url];
        assert_eq!(plan(&targets, 60, 2), "sse, config, url: 60 s each, 2 at a time, 120 s in all");
    }
}
