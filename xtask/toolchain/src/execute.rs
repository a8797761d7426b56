//! Carrying a plan out. One item's failure does not keep the others from being had: all of them are reported at the end.

use std::fs::{File, TryLockError};

use anyhow::{Context as _, Result, bail};
use devkit::{project::Project, ui};

use super::{
    display,
    item::{Item, Outcome, Piece},
    machine::Machine,
    plan::{Step, Way, plan},
};

/// Other commands say what they had to install, and nothing of what was there.
pub(super) fn mention_new(item: Item, piece: &Piece, outcome: Outcome) -> Result<()> {
    if outcome == Outcome::Installed {
        ui::status("Installed", &format!("{item} {} ({})", piece.version, piece.from));
    }
    Ok(())
}

/// Finds `items` or installs them, and calls `tell` with each as soon as it is there. The pieces are in the items' order.
pub(super) fn install(
    project: &Project,
    items: &[Item],
    mut tell: impl FnMut(Item, &Piece, Outcome) -> Result<()>,
) -> Result<Vec<Piece>> {
    let mut machine = Machine::new(project)?;
    let mut steps = plan(machine.facts(items)?);
    let mut lock = None;
    if steps.iter().any(|step| matches!(step, Step::Get(..) | Step::Replace(..))) {
        lock = Some(take_turns(project).with_context(|| display::not_begun(&steps))?);
        // Whoever had the lock before may have installed the same.
        steps = plan(machine.facts(items)?);
    }
    let (mut pieces, mut failures) = (Vec::new(), Vec::new());
    for step in steps {
        let (item, outcome, result) = carry_out(&mut machine, step);
        match result {
            Ok(piece) => {
                tell(item, &piece, outcome)?;
                pieces.push(piece);
            }
            Err(error) => failures.push(display::failure(item, &error)),
        }
    }
    drop(lock);
    if failures.is_empty() {
        return Ok(pieces);
    }
    bail!("{} of {} items could not be set up\n\n{}", failures.len(), items.len(), failures.join("\n\n"))
}

fn carry_out(machine: &mut Machine<'_>, step: Step) -> (Item, Outcome, Result<Piece>) {
    match step {
        Step::Keep(item, piece) => (item, Outcome::Found, Ok(piece)),
        Step::Get(item, ways, _) => (item, Outcome::Installed, first_that_works(machine, item, &ways)),
        Step::Replace(item, ways, folder) => {
            ui::warn(&display::damaged(item, &folder));
            (item, Outcome::Installed, first_that_works(machine, item, &ways))
        }
        Step::Refuse(item, reason) => (item, Outcome::Found, Err(anyhow::Error::msg(reason))),
    }
}

/// Tries the ways in turn. The error tells of all of them.
fn first_that_works(machine: &mut Machine<'_>, item: Item, ways: &[Way]) -> Result<Piece> {
    let mut failures = vec![];
    for &way in ways {
        match machine.get(item, way) {
            Ok(piece) => return Ok(piece),
            Err(error) => failures.push(format!("{}: {error:#}", way.describe(item, &machine.pins))),
        }
    }
    if failures.is_empty() {
        failures.push(display::no_way(item).to_owned());
    }
    failures.push(format!("you can also {}", item.choice(&machine.pins)));
    bail!("{}", failures.join("\n"))
}

/// Waits until no other run is installing. The lock ends with the returned file, and with the process at the latest.
fn take_turns(project: &Project) -> Result<File> {
    let path = project.cache_folder("")?.join("setup.lock");
    let open = || -> Result<File> {
        let file = File::create(&path)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                ui::progress("Waiting", "for another `cargo xtask` that installs", || file.lock())?
            }
            other => other?,
        }
        Ok(file)
    };
    open().with_context(|| {
        let path = path.display();
        format!("could not lock `{path}`: CLAWFT_CACHE names another directory to install into")
    })
}
