//! `cargo xtask fuzz`: runs the targets of `xtask/fuzz` with libFuzzer.
//!
//! Seeds are committed with the targets. Inputs that the fuzzer finds are kept in the cache, in a directory for
//! each target, and the next run begins with them: `corpus/` for inputs that reach new code, `crashes/` for those
//! that end a run, and `log` for libFuzzer's output.
//!
//! Modules in reading order: [`build`] compiles the targets, [`mod@run`] runs them, [`outcome`] reads its
//! output, and [`report`] prints the results.

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
        let [target] = flags.targets[..] else {
            bail!("`--input` goes with exactly one target")
        };
        let input = absolute(input).with_context(|| format!("bad path `{}`", input.display()))?;
        let program = build::programs(project, &[target])?.remove(0);
        return run::reproduce(project, &Corpus::new(project, target, program)?, &input);
    }
    let targets = targets(flags);
    let jobs = flags.jobs.map_or_else(processors, usize::from).min(targets.len());
    let programs = build::programs(project, &targets)?;
    ui::status("Fuzzing", &plan(&targets, flags.seconds, jobs));
    let places = targets
        .iter()
        .zip(programs)
        .map(|(target, program)| Corpus::new(project, *target, program))
        .collect::<Result<Vec<_>>>()?;
    report::summary(&run::all(project, &places, flags.seconds, jobs))
}

/// Returns the named targets, each once, or all of them.
fn targets(flags: &Fuzz) -> Vec<FuzzTarget> {
    let chosen = |target: &FuzzTarget| flags.targets.is_empty() || flags.targets.contains(target);
    FuzzTarget::value_variants()
        .iter()
        .copied()
        .filter(chosen)
        .collect()
}

/// A target with its program and its directories, all of which exist.
#[derive(Debug)]
struct Corpus {
    target: FuzzTarget,
    /// The fuzzer of this target.
    program: PathBuf,
    /// Committed inputs, which are never changed.
    seeds: PathBuf,
    /// Words of the formats, in libFuzzer's format.
    words: PathBuf,
    /// Inputs that reach code which no earlier one reaches.
    corpus: PathBuf,
    /// Inputs that ended a run. The next run tries them first, so a crash is found again until it is fixed.
    crashes: PathBuf,
    /// Output of libFuzzer in the latest run.
    log: PathBuf,
}

impl Corpus {
    fn new(project: &Project, target: FuzzTarget, program: PathBuf) -> Result<Self> {
        let name = target.name();
        let directory = directory(&project.root);
        let seeds = directory.join("seeds").join(&name);
        let words = directory.join("words.dict");
        let corpus = project.cache_folder(&format!("fuzz/{name}/corpus"))?;
        let crashes = project.cache_folder(&format!("fuzz/{name}/crashes"))?;
        let log = corpus.with_file_name("log");
        fs::metadata(&seeds).with_context(|| format!("could not find the seeds `{}`", seeds.display()))?;
        Ok(Self {
            target,
            program,
            seeds,
            words,
            corpus,
            crashes,
            log,
        })
    }
}

/// Returns the directory of the package with the targets.
fn directory(root: &Path) -> PathBuf {
    root.join("xtask").join("fuzz")
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Returns a description of the run with its duration.
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
    fn targets_and_seed_directories_match() {
        let root = devkit::project::root().unwrap();
        let directories = fs::read_dir(directory(&root).join("seeds")).unwrap();
        let directories: BTreeSet<String> = directories
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(
            directories,
            FuzzTarget::value_variants()
                .iter()
                .map(|target| target.name())
                .collect()
        );
    }

    #[test]
    fn plan_says_how_long_it_takes() {
        let targets = [FuzzTarget::Sse, FuzzTarget::Config, FuzzTarget::Url];
        assert_eq!(
            plan(&targets, 60, 2),
            "sse, config, url: 60 s each, 2 at a time, 120 s in all"
        );
    }
}
