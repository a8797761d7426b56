//! `cargo xtask dist`: builds `weft` for release, for all systems.
//!
//! ```text
//! cargo zigbuild (std from source; paths from cargo's JSON) → for the right machine? needs only its system? no key,
//!    no path of this machine? → target/dist/weft-OS-ARCH → man page and completions → one archive a target, and
//!    Debian's packages → SHA256SUMS → size-budget.toml
//! ```
//!
//! [`plan`] makes the list of steps, [`display`] prints it and [`execute`] carries it out, with [`build`],
//! [`check`], [`describe`], [`archive`], [`deb`] and [`sums`]; [`report`] prints the result.
//! [`mod@run`] unpacks and runs an archive that another machine made. [`diet`] makes the archives of `wasm-diet`.

mod archive;
#[cfg(test)]
mod binstall;
mod build;
mod check;
mod deb;
mod describe;
mod diet;
mod display;
mod execute;
mod plan;
mod report;
mod run;
mod sums;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Result;
use builds::{
    budget::{Budget, with_cures},
    files,
};
use devkit::{project::Project, ui};
use flags::{Dist, values::Target};

pub(crate) use self::{
    archive::program,
    deb::name as package_name,
    diet::{PROGRAM as DIET, archive_name as diet_archive_name},
    execute::{VERSION, archive_name, release_directory},
    sums::{FILE_NAME as SUMS, agrees_with_sums, line as sum_line, parse as parse_sum, write as write_sums},
};

/// Builds and packs `weft` for the requested targets, or prints the steps.
///
/// # Errors
/// Fails if this machine cannot build for one of them; or if a binary cannot be built, must not ship, or exceeds
/// its budget where that is checked.
pub fn run(project: &Project, flags: &Dist) -> Result<()> {
    if flags.wasm_diet {
        return diet::run(project, flags);
    }
    let host = Target::of_this_machine();
    if let Some(directory) = &flags.run {
        return run::run(project, directory, host);
    }
    let steps = if flags.binaries_only {
        plan::measured_binaries(&flags.targets, host)?
    } else {
        plan::release(&flags.targets, host)?
    };
    if flags.dry_run {
        return ui::result(&display::steps(&steps, flags.json)?);
    }
    // The budget file comes first, so that an error in it is reported before the build.
    let budget = Budget::of(project);
    let budget = if flags.check_size {
        Some(budget?)
    } else {
        budget.ok()
    };
    let release = release_directory(&project.dist);
    let report = execute::carry_out(project, &steps, &release, flags.locked)?;
    report.print(flags.json, budget.as_ref())?;
    match budget {
        Some(budget) if flags.check_size => budget
            .check(&report.sizes(), &flags::shipped())
            .map_err(with_cures),
        _ => Ok(()),
    }
}

/// Brings the binaries for `targets` in `target/dist` up to date and returns their paths. Takes about a second if
/// nothing has changed.
///
/// # Errors
/// Fails if this machine cannot build one of them; or if a binary cannot be built or must not ship.
pub fn ensure_built(project: &Project, targets: &[Target]) -> Result<BTreeMap<Target, PathBuf>> {
    let steps = plan::binaries(targets, Target::of_this_machine())?;
    execute::carry_out(project, &steps, &release_directory(&project.dist), false)?;
    Ok(targets
        .iter()
        .map(|&target| (target, project.dist.join(target.file_name())))
        .collect())
}

/// Makes the archives and packages of `targets` in the directory `into`, with their checksums and the scripts that
/// install them, as they are on a release page.
///
/// # Errors
/// Fails if a binary cannot be built or must not ship.
pub fn pack(project: &Project, targets: &[Target], into: &Path) -> Result<()> {
    let steps = plan::release(targets, Target::of_this_machine())?;
    execute::carry_out(project, &steps, into, false)?;
    for (name, _) in INSTALLERS {
        files::replace(&into.join(name), &files::read(&project.root.join(name))?)?;
    }
    sums::write(into)
}

/// The scripts that install `weft`, by their paths in the checkout, and the systems that they are for.
pub(crate) const INSTALLERS: [(&str, &str); 2] =
    [("install.sh", "Linux and macOS"), ("install.ps1", "Windows")];

/// Returns the targets that this machine can build.
pub(crate) fn own_targets() -> Vec<Target> {
    match Target::of_this_machine() {
        Some(host) if host.system().builds() => Target::ALL.to_vec(),
        _ => Vec::new(),
    }
}

/// Makes the archives of all targets in the directory `into`, and returns the
/// targets. The binaries stay in `target/dist`.
///
/// # Errors
/// Fails if a binary cannot be built, must not ship, or exceeds its budget; or if `Cargo.lock` would have to
/// change.
pub(crate) fn archives(project: &Project, into: &Path) -> Result<Vec<Target>> {
    let budget = Budget::of(project)?;
    let steps = plan::release(&[], Target::of_this_machine())?;
    let report = execute::carry_out(project, &steps, into, true)?;
    budget
        .check(&report.sizes(), &flags::shipped())
        .map_err(with_cures)?;
    Ok(plan::packed(&steps))
}
