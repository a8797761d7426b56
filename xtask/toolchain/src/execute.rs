//! Carries out a plan. If one item fails, the others are still installed; all failures are reported at the end.

use std::fs::{File, TryLockError};

use anyhow::{Context as _, Error, Result, bail};
use builds::progress;
use devkit::{project::Project, ui};

use super::{
    display,
    item::{Installation, Item, Outcome},
    machine::Machine,
    plan::{Method, Step, plan},
    staging,
};

/// The result for one item.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) item: Item,
    pub(super) outcome: Outcome,
    pub(super) result: Result<Installation>,
}

/// Reports newly installed items. Commands other than setup do not mention the ones that exist.
pub(super) fn mention_new(item: Item, installation: &Installation, outcome: Outcome) -> Result<()> {
    if outcome == Outcome::Installed {
        ui::status(
            "Installed",
            &format!("{item} {} ({})", installation.version, installation.from),
        );
    }
    Ok(())
}

/// Finds or installs `items`, and calls `tell` with each as soon as it is ready. The result is in the order of the
/// items. Fails if one of them could not be installed.
pub(super) fn install(
    project: &Project,
    items: &[Item],
    tell: impl FnMut(Item, &Installation, Outcome) -> Result<()>,
) -> Result<Vec<Installation>> {
    installations(attempt(project, items, tell)?)
}

/// Returns the installations, or an error with all failures.
pub(super) fn installations(attempts: Vec<Attempt>) -> Result<Vec<Installation>> {
    let count = attempts.len();
    let (mut installations, mut failures) = (Vec::new(), Vec::new());
    for attempt in attempts {
        match attempt.result {
            Ok(installation) => installations.push(installation),
            Err(error) => failures.push(display::failure(attempt.item, &error)),
        }
    }
    if failures.is_empty() {
        return Ok(installations);
    }
    bail!(
        "{} of {count} items could not be set up\n\n{}",
        failures.len(),
        failures.join("\n\n")
    )
}

/// Does the same as [`install`], and returns failures as results of their items. Fails if nothing can be installed.
pub(super) fn attempt(
    project: &Project,
    items: &[Item],
    mut tell: impl FnMut(Item, &Installation, Outcome) -> Result<()>,
) -> Result<Vec<Attempt>> {
    let mut machine = Machine::new(project)?;
    let mut steps = plan(machine.facts(items)?);
    let mut lock = None;
    if steps
        .iter()
        .any(|step| matches!(step, Step::Get(..) | Step::Replace(..)))
    {
        lock = Some(take_turns(project).with_context(|| display::not_begun(&steps))?);
        // The process that had the lock before may have installed the same items.
        steps = plan(machine.facts(items)?);
    }
    let mut attempts = Vec::new();
    for step in steps {
        let attempt = carry_out(&mut machine, step);
        match attempt.result {
            Err(error) if is_about_cache(attempt.item, &error) => {
                return Err(error
                    .context(project.cache_failure())
                    .context(format!("could not install {}", attempt.item)));
            }
            Ok(ref installation) => tell(attempt.item, installation, attempt.outcome)?,
            Err(_) => {}
        }
        attempts.push(attempt);
    }
    drop(lock);
    Ok(attempts)
}

fn carry_out(machine: &mut Machine<'_>, step: Step) -> Attempt {
    let (item, outcome, result) = match step {
        Step::Keep(item, installation) => (item, Outcome::Found, Ok(installation)),
        Step::Get(item, methods, _) => (
            item,
            Outcome::Installed,
            first_that_works(machine, item, &methods),
        ),
        Step::Replace(item, methods, directory) => {
            ui::warn(&display::damaged(item, &directory));
            (
                item,
                Outcome::Installed,
                first_that_works(machine, item, &methods),
            )
        }
        Step::Refuse(item, reason) => (item, Outcome::Found, Err(Error::msg(reason))),
    };
    Attempt {
        item,
        outcome,
        result,
    }
}

/// Tries the methods in order. The error has the reasons of all of them.
fn first_that_works(machine: &mut Machine<'_>, item: Item, methods: &[Method]) -> Result<Installation> {
    let mut failures = vec![];
    for &method in methods {
        match machine.get(item, method) {
            Ok(installation) => return Ok(installation),
            // Another method would need as much space.
            Err(error) if is_about_cache(item, &error) => return Err(error),
            Err(error) => failures.push(format!("{}: {error:#}", method.describe(item, &machine.pins))),
        }
    }
    if failures.is_empty() {
        failures.push(display::no_method(item).to_owned());
    }
    failures.push(format!("you can also {}", item.choice(&machine.pins)));
    bail!("{}", failures.join("\n"))
}

/// Returns whether `item` was not installed because the cache is full, so that others would fail as well.
fn is_about_cache(item: Item, error: &Error) -> bool {
    item.is_in_cache() && staging::is_full(error)
}

/// Waits until no other process is installing. The lock ends with the returned file, or at the latest with the
/// process. Fails if nothing can be written to the cache.
pub(super) fn take_turns(project: &Project) -> Result<File> {
    let path = project.cache_folder("")?.join("setup.lock");
    let open = || -> Result<File> {
        let file = File::create(&path)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                progress::show("Waiting", "for another `cargo xtask` that installs", || {
                    file.lock()
                })?
            }
            other => other?,
        }
        staging::probe(&project.cache)?;
        Ok(file)
    };
    open().with_context(|| project.cache_failure())
}
