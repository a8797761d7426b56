//! `cargo xtask size`: where the bytes are, and holding what was reached.
//!
//! ```text
//! artifact with names → anatomy: every byte is part of something → profile (size.json) → diff against a base
//!    → tables, JSON, page
//! ```
//!
//! Taking apart and comparing is done in the package `wasm-diet`. Modules here: [`base`] finds what to compare with,
//! [`top`] with [`twiggy`] and [`diff`] tell of it, in tables or [`markdown`], [`report`] draws it and [`browser`] looks at
//! that; [`ratchet`] holds the sizes against what was accepted and moves that on purpose, and [`history`] remembers.
//! [`compare`] looks at others.

mod base;
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

/// Prints what was asked for about the sizes, or accepts them.
///
/// # Errors
/// Fails if the artifacts cannot be built, or a size is not what was accepted.
pub fn run(project: &Project, flags: &Size) -> Result<()> {
    match &flags.command {
        Some(SizeCommand::Top { number, json }) => top::run(project, *number, *json),
        Some(SizeCommand::Diff { base, number, markdown, json }) => {
            diff::run(project, base, *number, markdown.as_deref(), *json)
        }
        Some(SizeCommand::Compare { json }) => compare::run(project, *json),
        Some(SizeCommand::Report { html, base, check, json }) => {
            report::run(project, html, base.as_deref(), *json)?;
            if *check { browser::check(project, html) } else { Ok(()) }
        }
        None => match &flags.accept {
            Some(why) => ratchet::accept(project, why),
            None => ratchet::check(project, flags.json),
        },
    }
}
