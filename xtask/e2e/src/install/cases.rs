//! The cases of the installation, a file for each group.

mod binstall;
mod examples;
mod newcomer;
mod package;
mod script;
mod systems;
mod unusual;
mod windows;

use anyhow::Result;

use super::{context::InstallContext, fixture::VERSION};
use crate::harness::case::{self, cases};

/// A case about the installation.
pub(super) type Case = case::Case<fn(&InstallContext<'_>) -> Result<()>>;

/// Returns all cases, in the order in which they begin.
pub(super) fn all() -> Vec<Case> {
    [
        script::CASES,
        unusual::CASES,
        systems::CASES,
        package::CASES,
        binstall::CASES,
        newcomer::CASES,
        examples::CASES,
        windows::CASES,
    ]
    .concat()
}
