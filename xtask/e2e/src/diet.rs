//! `wasm-diet` with Binaryen inside: files of many kinds give the same results before and after.
//!
//! Modules in reading order: [`inputs`] is the table of the small files, [`action`] the steps of
//! the action, [`adapter`] a file that tools read,
//! [`random`] are modules of wasm-smith, [`spec`] are those of the specification's tests, [`corpus`] are files of other
//! toolchains, [`context`] holds the programs of a case.

mod action;
mod adapter;
mod context;
mod corpus;
mod inputs;
mod random;
mod spec;

use std::sync::Arc;

use ::corpus::RandomModules;
use anyhow::{Result, ensure};
use builds::temporary;
use devkit::{project::Project, ui};
use libtest_mimic::Trial;

pub(super) use self::corpus::trials as corpus_trials;
use self::{
    context::DietContext,
    inputs::{Code, INPUTS, Input},
};
use super::harness::{self, Log, Options};

/// Prepares the cases.
pub(super) fn trials(project: &Project, options: &Options, log: &Log) -> Result<Vec<Trial>> {
    let all = INPUTS.iter().map(Case::Input).chain([
        Case::Action,
        Case::ActionWithoutRelease,
        Case::Adapter,
        Case::Random,
        Case::Spec,
    ]);
    let cases = options.choose(all.collect(), |case| case.name())?;
    if options.list() {
        return Ok(harness::listed(cases.iter().map(Case::name)));
    }
    let context = Arc::new(DietContext::prepare(project)?);
    let modules = RandomModules::prepare(project)?;
    let seeds = random::seeds(options.seed, random::FEW);
    ui::status("Running", &format!("the cases of wasm-diet ({})", cases.len()));
    let trial = |case: Case| {
        let context = Arc::clone(&context);
        let modules = modules.clone();
        let seeds = seeds.clone();
        let project = project.clone();
        let attempt = move || match case {
            Case::Input(input) => check(&context, input),
            Case::Action => action::check(&context),
            Case::ActionWithoutRelease => action::check_without_release(&context),
            Case::Adapter => adapter::check(&context),
            Case::Random => random::check(&context, &modules, seeds),
            Case::Spec => spec::check(&context, &project),
        };
        log.trial(case.name().to_owned(), move || Ok(attempt()?))
    };
    Ok(cases.into_iter().map(trial).collect())
}

/// A case of this runtime.
#[derive(Clone, Copy, Debug)]
enum Case {
    /// A small file, which is run before and after.
    Input(&'static Input),
    /// The action for repositories.
    Action,
    /// The action where there is no release.
    ActionWithoutRelease,
    /// The adapter.
    Adapter,
    /// Random modules.
    Random,
    /// The specification's test suite.
    Spec,
}

impl Case {
    fn name(&self) -> &'static str {
        match self {
            Self::Input(input) => input.name,
            Self::Action => action::NAME,
            Self::ActionWithoutRelease => action::COMPILES,
            Self::Adapter => adapter::NAME,
            Self::Random => random::NAME,
            Self::Spec => spec::NAME,
        }
    }
}

/// Shrinks the input, and compares the results and the interfaces before and after.
fn check(context: &DietContext, input: &Input) -> Result<()> {
    let directory = temporary::directory()?;
    let (before, after) = (
        directory.path().join("before.wasm"),
        directory.path().join("after.wasm"),
    );
    context.parse(input.text, &before)?;
    let account = context.shrink(&before, &after, &[])?;
    let (was, is) = (context.size(&before)?, context.size(&after)?);
    ensure!(is <= was, "it grew from {was} to {is} bytes");
    context.validate(&after, input.features)?;

    let results = [&before, &after].map(|path| context.invoke(path, input));
    let [was, is] = results;
    let (was, is) = (was?, is?);
    ensure!(was == is, "the result was `{was}` and is `{is}`");
    ensure!(
        was == input.result,
        "the result is `{was}`, not `{}`",
        input.result
    );

    let outcome = account["modules"][0]["outcome"].as_str().unwrap_or_default();
    let reason = account["modules"][0]["reason"].as_str().unwrap_or_default();
    match input.code {
        Code::Smaller => ensure!(outcome == "optimised", "the first module is {outcome}: {reason}"),
        Code::Same => ensure!(outcome == "unchanged", "the first module is {outcome}: {reason}"),
        Code::Left(why) => ensure!(reason.contains(why), "the first module is {outcome}: {reason}"),
    }
    // `--strict` is for those who want to know.
    let strict = context.shrink(&before, &after, &["--strict"]);
    ensure!(
        strict.is_err() == matches!(input.code, Code::Left(_)),
        "with --strict: {strict:?}"
    );
    if context.is_component(&before)? {
        ensure!(
            context.interfaces(&before)? == context.interfaces(&after)?,
            "the interfaces differ"
        );
    }
    // Equal input gives equal output.
    let again = directory.path().join("again.wasm");
    context.shrink(&before, &again, &[])?;
    ensure!(
        builds::files::read(&after)? == builds::files::read(&again)?,
        "the second output differs"
    );
    Ok(())
}
