//! Checks the workspace's dependencies with cargo-deny and `deny.toml`: licences, sources, duplicates, known
//! faults.

use std::{
    fmt,
    path::{self, Path},
};

use anyhow::{Context as _, Result, ensure};
use devkit::project::Project;
use toolchain::Tool;
use xshell::{Cmd, Shell, cmd};

use super::linter;

/// The address of RustSec's database in cargo-deny.
const DATABASE: &str = "https://github.com/RustSec/advisory-db";

/// A workspace that does not ship, whose crates have their own versions of dependencies: only the lists of licences
/// and sources apply to it, and it need not use all of their entries.
const SAMPLES: &str = "xtask/size-samples/Cargo.toml";

/// Another one of the kind. Its known faults are those of the wasmtime that wasmCloud's runtime brings.
const WASH_HOST: &str = "xtask/wash-host/Cargo.toml";

/// Options that make an entry in `deny.toml` an error if nothing needs it.
const EXACTLY: [&str; 5] = [
    "--deny=unmatched-skip",
    "--deny=unnecessary-skip",
    "--deny=license-not-encountered",
    "--deny=license-exception-not-encountered",
    "--deny=unused-wrapper",
];

/// Options for a workspace that the lists were not made for.
const LOOSELY: [&str; 2] = [
    "--allow=license-not-encountered",
    "--allow=license-exception-not-encountered",
];

pub(super) fn check(project: &Project) -> Result<()> {
    let shell = project.shell()?;
    let deny = toolchain::tool(project, Tool::CargoDeny)?;
    let own = cargo_deny(&shell, &deny, "Cargo.toml")
        .args(EXACTLY)
        .args(["bans", "licenses", "sources"]);
    linter::expect_nothing(own, "cargo-deny")?;
    [SAMPLES, WASH_HOST].into_iter().try_for_each(|manifest| {
        let other = cargo_deny(&shell, &deny, manifest)
            .args(LOOSELY)
            .args(["licenses", "sources"]);
        linter::expect_nothing(other, "cargo-deny")
    })
}

/// An error: RustSec's database could not be fetched, so the known faults of the dependencies cannot be checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutOfReach;

impl fmt::Display for OutOfReach {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "could not fetch RustSec's database: name a copy with `--advisory-db` or in CLAWFT_ADVISORY_DB",
        )
    }
}

/// Checks the dependencies with RustSec's current database, or with the `copy` of it.
///
/// # Errors
///
/// Fails with [`OutOfReach`] if no database is available; else with the known faults.
pub(super) fn advisories(project: &Project, copy: Option<&str>) -> Result<()> {
    let shell = project.shell()?;
    let deny = toolchain::tool(project, Tool::CargoDeny)?;
    if let Some(copy) = copy {
        take_database_from(&shell, copy)?;
    }
    let fetch = cmd!(
        shell,
        "{deny} --config deny.toml --locked --color never --log-level error fetch db"
    );
    linter::expect_nothing(fetch, "cargo-deny").context(OutOfReach)?;
    ["Cargo.toml", SAMPLES].into_iter().try_for_each(|manifest| {
        linter::expect_nothing(
            cargo_deny(&shell, &deny, manifest).arg("advisories"),
            "cargo-deny",
        )
    })
}

/// Returns the command `cargo deny check` for the workspace of `manifest`, without the names of the checks. It
/// does not print the dependents of a faulty package, which would be hundreds of lines: `cargo tree --invert`
/// shows them.
fn cargo_deny<'s>(shell: &'s Shell, deny: &Path, manifest: &str) -> Cmd<'s> {
    cmd!(
        shell,
        "{deny} --manifest-path {manifest} --config deny.toml --locked --color never --log-level error
            check --hide-inclusion-graph"
    )
}

/// Sets git, with which cargo-deny fetches the database, to another repository.
fn take_database_from(shell: &Shell, copy: &str) -> Result<()> {
    let is_elsewhere = copy.contains("://") || copy.contains('@');
    let place = if is_elsewhere {
        copy.into()
    } else {
        path::absolute(copy)?
    };
    ensure!(
        is_elsewhere || place.is_dir(),
        "there is no directory `{copy}` to take the advisories from"
    );
    shell.set_var("GIT_CONFIG_COUNT", "1");
    shell.set_var("GIT_CONFIG_KEY_0", format!("url.{}.insteadOf", place.display()));
    shell.set_var("GIT_CONFIG_VALUE_0", DATABASE);
    Ok(())
}
