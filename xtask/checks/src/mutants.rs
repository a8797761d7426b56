//! `cargo xtask mutants`: compares the mutants that no test notices with `xtask/data/mutants.toml`.
//!
//! cargo-mutants makes the mutants and runs the tests. It is compiled when this command first needs it.
//!
//! Modules in reading order: [`policy`] is the file, [`diff`] the changed lines, [`runner`] runs cargo-mutants,
//! [`outcome`] reads its results, [`score`] compares those with the file, [`report`] is the output.

mod diff;
mod outcome;
mod policy;
mod report;
mod runner;
mod score;

use anyhow::{Result, bail, ensure};
use builds::interrupt::Interrupt;
use devkit::{project::Project, revision, ui};
use flags::{Mutants, MutantsPackage};

use self::{
    diff::Changes,
    policy::{Package, Policy},
    report::Report,
    runner::Runner,
    score::Score,
};

/// Tests the mutants of the chosen packages, and prints the scores.
///
/// # Errors
///
/// Fails if a package is below its floor, or its survivors are not those of `xtask/data/mutants.toml`.
pub(crate) fn run(project: &Project, flags: &Mutants) -> Result<()> {
    let policy = Policy::load()?;
    let packages = chosen(&policy, &flags.packages, flags.diff.is_some())?;
    let changes = flags
        .diff
        .as_deref()
        .map(|base| Changes::since(project, base))
        .transpose()?;
    let runner = Runner::prepare(project, &policy, flags.jobs.get())?;
    let interrupt = Interrupt::watch()?;
    let scores = scores(&runner, &policy, &packages, changes.as_ref(), &interrupt);
    // Unfinished files are removed before this process ends.
    drop(runner);
    let base = changes.map(|changes| changes.base);
    if interrupt.happened() {
        interrupt.exit();
    }
    let report = Report {
        revision: revision::of(project)?,
        base,
        scores: scores?,
    };
    ui::result(&if flags.json {
        report.json()?
    } else {
        report.table()
    })?;
    report.conclude()
}

/// Returns the named packages, each once, or the default ones.
fn chosen<'p>(policy: &'p Policy, named: &[MutantsPackage], in_diff: bool) -> Result<Vec<&'p Package>> {
    let is_named = |package: &Package| named.iter().any(|named| named.name() == package.name);
    if named.is_empty() {
        return Ok(policy
            .packages
            .iter()
            .filter(|package| in_diff || package.floor.is_some())
            .collect());
    }
    let packages: Vec<&Package> = policy
        .packages
        .iter()
        .filter(|package| is_named(package))
        .collect();
    if let Some(package) = packages
        .iter()
        .find(|package| package.floor.is_none() && !in_diff)
    {
        bail!("`{}` is mutated with `--diff BASE` only", package.name);
    }
    Ok(packages)
}

fn scores(
    runner: &Runner<'_>,
    policy: &Policy,
    packages: &[&Package],
    changes: Option<&Changes>,
    interrupt: &Interrupt,
) -> Result<Vec<Score>> {
    let score = |package: &&Package| {
        let known = runner.list(package, None)?;
        ensure!(!known.is_empty(), "`{}` has no mutants", package.name);
        let (tested, elapsed) = runner.test(package, changes, interrupt)?;
        Ok(Score::of(
            package,
            policy,
            &known,
            tested,
            changes.is_none(),
            elapsed,
        ))
    };
    packages.iter().map(score).collect()
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn command_line_and_file_name_the_same_packages() {
        let file: Vec<String> = Policy::load()
            .unwrap()
            .packages
            .into_iter()
            .map(|package| package.name)
            .collect();
        let command_line: Vec<String> = MutantsPackage::value_variants()
            .iter()
            .map(|package| package.name())
            .collect();
        assert_eq!(file, command_line);
    }

    #[test]
    fn packages_without_floor_take_a_diff() {
        let policy = Policy::load().unwrap();
        let names = |named: &[MutantsPackage], in_diff| -> Result<Vec<String>> {
            Ok(chosen(&policy, named, in_diff)?
                .into_iter()
                .map(|package| package.name.clone())
                .collect())
        };
        let usual = ["clawft-types", "clawft-core", "clawft-store"];
        assert_eq!(names(&[], false).unwrap(), usual);
        assert_eq!(names(&[], true).unwrap()[..3], usual);
        assert_eq!(
            names(&[], true).unwrap()[3..],
            ["weft-agent", "weft-gateway", "weft"]
        );
        assert_eq!(names(&[MutantsPackage::Weft], true).unwrap(), ["weft"]);
        let error = names(&[MutantsPackage::Weft], false).unwrap_err().to_string();
        assert_eq!(error, "`weft` is mutated with `--diff BASE` only");
    }
}
