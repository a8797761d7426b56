//! Files of other toolchains: each is shrunk, validated, and run before and after, with equal results.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, ensure};
use builds::temporary;
use corpus::{Corpus, GUESTS, Guest, PACKAGES, Package, RandomModules};
use devkit::{project::Project, ui};
use libtest_mimic::Trial;

use super::{
    super::harness::{self, Log, Options},
    context::DietContext,
    random,
};

/// Prepares the cases.
pub(crate) fn trials(project: &Project, options: &Options, log: &Log) -> Result<Vec<Trial>> {
    let packages = PACKAGES.iter().map(Case::package);
    let guests = GUESTS.into_iter().map(Case::guest);
    let all = packages.chain(guests).chain([Case::random()]);
    let cases = options.choose(all.collect(), |case| &case.name)?;
    if options.list() {
        return Ok(harness::listed(cases.iter().map(|case| case.name.as_str())));
    }
    let programs = Arc::new((DietContext::prepare(project)?, Corpus::prepare(project)?));
    let modules = RandomModules::prepare(project)?;
    let seeds = random::seeds(options.seed, random::MANY);
    ui::status("Running", &format!("the corpus of wasm-diet ({})", cases.len()));
    let trial = |case: Case| {
        let programs = Arc::clone(&programs);
        let modules = modules.clone();
        let seeds = seeds.clone();
        let attempt = move || {
            let (context, corpus) = programs.as_ref();
            match case.subject {
                Subject::Package(package) => check_package(context, corpus, package),
                Subject::Guest(guest) => check_guest(context, corpus, guest),
                Subject::Random => random::check(context, &modules, seeds),
            }
        };
        log.trial(case.name, move || Ok(attempt()?))
    };
    Ok(cases.into_iter().map(trial).collect())
}

/// A case of the corpus.
struct Case {
    name: String,
    subject: Subject,
}

enum Subject {
    Package(&'static Package),
    Guest(Guest),
    Random,
}

impl Case {
    fn package(package: &'static Package) -> Self {
        Self {
            name: format!("package::{}", package.name),
            subject: Subject::Package(package),
        }
    }

    fn guest(guest: Guest) -> Self {
        Self {
            name: format!("guest::{}", guest.name()),
            subject: Subject::Guest(guest),
        }
    }

    fn random() -> Self {
        Self {
            name: random::NAME.to_owned(),
            subject: Subject::Random,
        }
    }
}

/// Records the modules that a package compiles, and runs it with the shrunk ones.
fn check_package(context: &DietContext, corpus: &Corpus, package: &Package) -> Result<()> {
    let directory = temporary::directory()?;
    let (before, after) = (directory.path().join("before"), directory.path().join("after"));
    for path in [&before, &after] {
        fs::create_dir(path).with_context(|| format!("could not make `{}`", path.display()))?;
    }
    let was = corpus.record(package, &before)?;
    let modules = files_in(&before)?;
    ensure!(
        modules.len() == package.modules,
        "it compiles {} modules, not {}",
        modules.len(),
        package.modules
    );
    let mut names = BTreeSet::new();
    for module in &modules {
        let name = module
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let shrunk = after.join(module.file_name().unwrap_or_default());
        shrink(context, module, &shrunk).with_context(|| format!("module {name}"))?;
        names.insert(name);
    }
    let (is, used) = corpus.replay(package, &after)?;
    ensure!(used == names, "of the modules {names:?} it compiled {used:?}");
    ensure!(
        !was.is_empty() && was == is,
        "it printed `{was}` and prints `{is}`"
    );
    Ok(())
}

/// Makes the guest, and runs it before and after.
fn check_guest(context: &DietContext, corpus: &Corpus, guest: Guest) -> Result<()> {
    let directory = temporary::directory()?;
    let before = corpus.make(guest, directory.path())?;
    let after = directory.path().join("after.wasm");
    shrink(context, &before, &after)?;
    let (was, is) = (corpus.run(guest, &before)?, corpus.run(guest, &after)?);
    ensure!(was == is, "it ended with `{was}` and ends with `{is}`");
    if guest.is_component() {
        ensure!(
            context.interfaces(&before)? == context.interfaces(&after)?,
            "the interfaces differ"
        );
    }
    Ok(())
}

/// Shrinks a file. Every module must be done, and the result must be valid and not larger.
fn shrink(context: &DietContext, before: &Path, after: &Path) -> Result<()> {
    let account = context.shrink(before, after, &[])?;
    let (was, is) = (context.size(before)?, context.size(after)?);
    ensure!(is <= was, "it grew from {was} to {is} bytes");
    ui::status("Shrunk", &format!("{was} to {is} bytes"));
    for module in account["modules"].as_array().into_iter().flatten() {
        let reason = module["reason"].as_str().unwrap_or_default();
        // A small module may be as small as it can be, and a program of Go too much for Binaryen; any other reason is
        // a fault.
        let is_known = ["it would grow", "would take very long"];
        ensure!(
            reason.is_empty() || is_known.iter().any(|known| reason.contains(known)),
            "module {} is left as it is: {reason}",
            module["number"]
        );
    }
    context.validate(after, "all")
}

/// Returns the files of a directory, in the order of their names.
fn files_in(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(directory).with_context(|| format!("could not read `{}`", directory.display()))?;
    let mut files = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}
