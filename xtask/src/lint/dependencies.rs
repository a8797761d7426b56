//! What the workspace depends on, with cargo-deny and `deny.toml`: licences, sources, duplicates, known faults.

use std::{
    fmt,
    path::{self, Path},
};

use anyhow::{Context as _, Result, ensure};
use devkit::project::Project;
use flags::Provided;
use xshell::{Cmd, Shell, cmd};

use super::{linter, provided};

/// Where cargo-deny has RustSec's database from.
const DATABASE: &str = "https://github.com/RustSec/advisory-db";

/// The other workspace. Nothing of it ships, and its stacks have their own ideas of what is current: it is held against the
/// lists of licences and sources alone, and need not meet them all.
const SAMPLES: &str = "xtask/size-samples/Cargo.toml";

/// What `deny.toml` allows and nothing needs is an error, as what it doesn't allow is.
const EXACTLY: [&str; 5] = [
    "--deny=unmatched-skip",
    "--deny=unnecessary-skip",
    "--deny=license-not-encountered",
    "--deny=license-exception-not-encountered",
    "--deny=unused-wrapper",
];

/// For a workspace that the lists were not made for.
const LOOSELY: [&str; 2] = ["--allow=license-not-encountered", "--allow=license-exception-not-encountered"];

pub(super) fn check(project: &Project) -> Result<()> {
    let (shell, deny) = (project.shell()?, provided::path(project, Provided::CargoDeny)?);
    let own = cargo_deny(&shell, &deny, "Cargo.toml").args(EXACTLY).args(["bans", "licenses", "sources"]);
    linter::expect_nothing(own, "cargo-deny")?;
    let samples = cargo_deny(&shell, &deny, SAMPLES).args(LOOSELY).args(["licenses", "sources"]);
    linter::expect_nothing(samples, "cargo-deny")
}

/// RustSec's database could not be fetched, so nobody knows what is known of the dependencies.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutOfReach;

impl fmt::Display for OutOfReach {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "could not fetch RustSec's database: name a copy with `--advisory-db` or in CLAWFT_ADVISORY_DB",
        )
    }
}

/// Holds the dependencies against RustSec's database as it is now, or against the `copy` of it.
///
/// # Errors
///
/// [`OutOfReach`] if there is no database to be had; else what is known of them.
pub(super) fn advisories(project: &Project, copy: Option<&str>) -> Result<()> {
    let (shell, deny) = (project.shell()?, provided::path(project, Provided::CargoDeny)?);
    if let Some(copy) = copy {
        take_database_from(&shell, copy)?;
    }
    let fetch = cmd!(shell, "{deny} --config deny.toml --locked --color never --log-level error fetch db");
    linter::expect_nothing(fetch, "cargo-deny").context(OutOfReach)?;
    ["Cargo.toml", SAMPLES].into_iter().try_for_each(|manifest| {
        linter::expect_nothing(cargo_deny(&shell, &deny, manifest).arg("advisories"), "cargo-deny")
    })
}

/// `cargo deny check` for the workspace of `manifest`, up to the names of the checks. Who depends on what it finds, `cargo tree
/// --invert` says: cargo-deny would print hundreds of lines about it.
fn cargo_deny<'s>(shell: &'s Shell, deny: &Path, manifest: &str) -> Cmd<'s> {
    cmd!(
        shell,
        "{deny} --manifest-path {manifest} --config deny.toml --locked --color never --log-level error
            check --hide-inclusion-graph"
    )
}

/// Has git, which cargo-deny fetches the database with, go to another repository.
fn take_database_from(shell: &Shell, copy: &str) -> Result<()> {
    let is_elsewhere = copy.contains("://") || copy.contains('@');
    let place = if is_elsewhere { copy.into() } else { path::absolute(copy)? };
    ensure!(is_elsewhere || place.is_dir(), "there is no folder `{copy}` to take the advisories from");
    shell.set_var("GIT_CONFIG_COUNT", "1");
    shell.set_var("GIT_CONFIG_KEY_0", format!("url.{}.insteadOf", place.display()));
    shell.set_var("GIT_CONFIG_VALUE_0", DATABASE);
    Ok(())
}
