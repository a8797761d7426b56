//! `cargo xtask size`: reports where the bytes are, and checks the accepted sizes.
//!
//! ```text
//! artifact with names → anatomy: every byte is part of something → profile (size.json) → diff against a base
//!    → tables, JSON, page
//! ```
//!
//! The package `wasm-diet` parses and compares binaries. Modules here: [`base`] finds the base of a comparison, and
//! [`base_cache`] keeps the sizes of built ones; [`top`] with [`twiggy`] and [`diff`] report it, as tables or
//! [`markdown`]; [`report`] makes a page and [`browser`] tests that; [`ratchet`] compares the sizes with the accepted
//! ones and accepts new ones, and [`history`] lists all accepted sizes. [`compare`] compares with other HTTP stacks.

mod base;
mod base_cache;
mod browser;
mod compare;
mod diff;
#[cfg(test)]
mod fixture;
mod history;
mod markdown;
mod ratchet;
mod report;
mod top;
mod twiggy;

use anyhow::Result;
use devkit::project::Project;
use flags::{Size, SizeCommand};

/// Prints the requested report about the sizes, or accepts them.
///
/// # Errors
/// Fails if the artifacts cannot be built, or if a size exceeds the accepted one.
pub fn run(project: &Project, flags: &Size) -> Result<()> {
    match &flags.command {
        Some(SizeCommand::Top { number, json }) => top::run(project, *number, *json),
        Some(SizeCommand::Diff {
            base,
            number,
            markdown,
            json,
        }) => diff::run(project, base, *number, markdown.as_deref(), *json),
        Some(SizeCommand::Compare { json }) => compare::run(project, *json),
        Some(SizeCommand::Report {
            html,
            base,
            check,
            json,
        }) => {
            report::run(project, html, base.as_deref(), *json)?;
            if *check {
                browser::check(project, html)
            } else {
                Ok(())
            }
        }
        None => match &flags.accept {
            Some(why) => ratchet::accept(project, why),
            None => ratchet::check(project, flags.json),
        },
    }
}
