//! `cargo xtask size`: where the bytes are, and holding what was reached.
//!
//! ```text
//! artifact with names → anatomy: every byte is part of something → profile (size.json) → diff against a base
//!    → tables, JSON, page
//! ```
//!
//! Modules in that order: [`anatomy`] takes an artifact apart, with [`symbol`] (whose a function is) and [`deflate`] (what a
//! byte costs compressed), into [`item`]s; [`profile`] is all of a build, written by [`json`]. [`base`] finds what to compare
//! with and [`diff`] compares. [`top`] with [`twiggy`] and [`words`] tell of it, in [`table`]s or [`markdown`], [`report`] draws it and [`browser`] looks at that; [`ratchet`] holds
//! the sizes against what was accepted and moves that on purpose, and [`history`] remembers. [`compare`] looks at others.

mod anatomy;
mod base;
mod browser;
mod compare;
mod deflate;
mod diff;
mod history;
mod item;
mod json;
mod markdown;
mod profile;
mod ratchet;
mod report;
mod symbol;
mod table;
mod top;
mod twiggy;
mod words;

use anyhow::Result;

pub(crate) use self::{anatomy::Anatomy, item::Item, json::lines, profile::Profile, ratchet::blame};
use crate::{
    cli::{Size, SizeCommand},
    project::Project,
};

impl Size {
    pub(crate) fn run(self, project: &Project, shipped: &[&str]) -> Result<()> {
        match self.command {
            Some(SizeCommand::Top { number, json }) => top::run(project, number, json),
            Some(SizeCommand::Diff { base, number, markdown, json }) => {
                words::run(project, &base, number, markdown.as_deref(), json)
            }
            Some(SizeCommand::Compare { json }) => compare::run(project, json),
            Some(SizeCommand::Report { html, base, check, json }) => {
                report::run(project, &html, base.as_deref(), json)?;
                if check { browser::check(project, &html) } else { Ok(()) }
            }
            None => match self.accept {
                Some(why) => ratchet::accept(project, &why),
                None => ratchet::check(project, self.json, shipped),
            },
        }
    }
}
