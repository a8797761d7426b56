//! `cargo xtask dist`: `weft` as it is released, for every system that this machine can build for.
//!
//! ```text
//! cargo zigbuild (std from source; paths from cargo's JSON) → static? for the right machine? no key, no path of this machine?
//!    → target/dist/weft-OS-ARCH → man page and completions → one archive a target → SHA256SUMS → size-budget.toml
//! ```
//!
//! [`plan`] is what is to be done, [`display`] prints it and [`execute`] does it, with [`build`], [`check`], [`describe`],
//! [`archive`] and [`sums`]; [`report`] is what is said in the end.

mod archive;
mod build;
mod check;
mod describe;
mod display;
mod execute;
mod plan;
mod report;
mod sums;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Result;
use devkit::{
    budget::{Budget, with_cures},
    project::Project,
    ui,
};
use flags::{Dist, values::Target};

pub(crate) use self::{
    execute::{VERSION, archive_name, release_folder},
    sums::{FILE_NAME as SUMS, line as sum_line, parse as parse_sum, write as write_sums},
};

/// Builds and packs `weft` for the targets that were asked for, or prints the steps of that.
///
/// # Errors
/// This machine cannot build for one of them; or a binary cannot be built, must not ship, or is over its budget where that is checked.
pub fn run(project: &Project, flags: &Dist) -> Result<()> {
    let steps = plan::release(&flags.targets, Target::of_this_machine())?;
    if flags.dry_run {
        return ui::result(&display::steps(&steps, flags.json)?);
    }
    // Read first: a mistake in the budget file is cheaper to hear of now than after the build.
    let budget = Budget::of(project);
    let budget = if flags.check_size { Some(budget?) } else { budget.ok() };
    let release = release_folder(&project.dist);
    let report = execute::carry_out(project, &steps, &release, flags.locked)?;
    report.print(flags.json, budget.as_ref())?;
    match budget {
        Some(budget) if flags.check_size => {
            budget.check(&report.sizes(), &flags::shipped()).map_err(with_cures)
        }
        _ => Ok(()),
    }
}

/// Brings the binaries for `targets` in `target/dist` up to date and says where they are. With nothing changed that takes a
/// second.
///
/// # Errors
/// This machine can't build one of them; or a binary can't be built, or must not ship.
pub fn ensure_built(project: &Project, targets: &[Target]) -> Result<BTreeMap<Target, PathBuf>> {
    let steps = plan::binaries(targets, Target::of_this_machine())?;
    execute::carry_out(project, &steps, &release_folder(&project.dist), false)?;
    Ok(targets.iter().map(|&target| (target, project.dist.join(target.file_name()))).collect())
}

/// Everything that is released for this machine's own system, which it can build; nothing on a machine that nothing is released
/// for.
pub(crate) fn own_targets() -> Vec<Target> {
    let Some(host) = Target::of_this_machine() else { return Vec::new() };
    Target::ALL.into_iter().filter(|target| target.system() == host.system()).collect()
}

/// Makes the archives of everything that this machine builds for its own system, in the folder `into`, and returns the targets.
/// The binaries are left in `target/dist`.
///
/// # Errors
/// A binary can't be built, must not ship, or is over its budget; or `Cargo.lock` would have to change.
pub(crate) fn archives(project: &Project, into: &Path) -> Result<Vec<Target>> {
    let budget = Budget::of(project)?;
    let steps = plan::release(&[], Target::of_this_machine())?;
    let report = execute::carry_out(project, &steps, into, true)?;
    budget.check(&report.sizes(), &flags::shipped()).map_err(with_cures)?;
    Ok(plan::packed(&steps))
}
