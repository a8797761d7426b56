//! `cargo xtask setup --repair`: replaces everything in the cache that differs from what was installed or built.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use builds::on_demand;
use devkit::{project::Project, ui};

use super::{
    execute::{Attempt, attempt, take_turns},
    item::{Installation, Item, Outcome},
    machine::Machine,
    plan::{Step, plan},
    staging::{self, Contents},
};

/// The directories of the cache whose entries are stamped.
const STAMPED: [&str; 4] = ["tools", "python", "node", "debian"];

/// Installs the damaged ones of `items` again, and calls `tell` with each. Removes what is damaged otherwise: what
/// another checkout uses, and our own programs, which the next command that needs them builds again.
pub(super) fn repair(
    project: &Project,
    items: &[Item],
    tell: impl FnMut(Item, &Installation, Outcome) -> Result<()>,
) -> Result<Vec<Attempt>> {
    let steps = plan(Machine::new(project)?.facts(items)?);
    let damaged: Vec<Item> = steps.iter().filter_map(damaged_item).collect();
    let attempts = attempt(project, &damaged, tell)?;
    let removed = remove_damaged(project)?;
    for path in &removed {
        let path = path.display();
        ui::status(
            "Removed",
            &format!("`{path}`, which was damaged; it is made again when it is needed"),
        );
    }
    if attempts.is_empty() && removed.is_empty() {
        ui::status("Checked", "the cache: nothing is damaged");
    }
    Ok(attempts)
}

fn damaged_item(step: &Step) -> Option<Item> {
    match step {
        Step::Replace(item, ..) => Some(*item),
        Step::Keep(..) | Step::Get(..) | Step::Refuse(..) => None,
    }
}

/// Removes what is damaged in the cache, and returns the paths.
fn remove_damaged(project: &Project) -> Result<Vec<PathBuf>> {
    let mut removed = Vec::new();
    let damaged: Vec<PathBuf> = STAMPED
        .iter()
        .flat_map(|name| damaged_below(&project.cache.join(name)))
        .collect();
    if !damaged.is_empty() {
        let _turn = take_turns(project)?;
        for directory in damaged {
            staging::clear(&directory)?;
            removed.push(directory);
        }
    }
    removed.extend(on_demand::forget_damaged(project)?);
    Ok(removed)
}

fn damaged_below(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| Contents::of(path) == Contents::Damaged)
        .collect()
}
