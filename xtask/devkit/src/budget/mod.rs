//! `size-budget.toml`: every shipped artifact with the sizes it must keep to.
//!
//! [`Budget::load`] reads it and refuses whatever it does not understand, with the line; [`Budget::check`] holds measured
//! artifacts against it, exactly both ways.

mod size;

use std::{collections::BTreeMap, fs, ops::Range, path::Path};

use crate::project::Project;
use anyhow::{Context as _, Result, anyhow, bail};
use serde::Deserialize;
use toml::Spanned;

pub use self::size::{Measured, Size, grouped};

/// The budget file, parsed.
#[derive(Debug)]
pub struct Budget {
    /// What the file is called in messages.
    name: String,
    text: String,
    rows: BTreeMap<String, Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    artifact: BTreeMap<String, Row>,
}

/// What one artifact may weigh.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The file as it is.
    pub raw: Bounds,
    /// The file after `gzip -9`.
    pub gzip: Bounds,
    /// Why the ratchet is where it is: what was said when it was moved last.
    pub why: Option<String>,
}

/// A promise, what has been reached, and how much of that may be lost unasked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    limit: Spanned<Size>,
    ratchet: Spanned<Size>,
    #[serde(default)]
    growth: Size,
}

impl Bounds {
    /// What the product promises.
    pub fn limit(&self) -> Size {
        *self.limit.get_ref()
    }

    /// What has been reached.
    pub fn ratchet(&self) -> Size {
        *self.ratchet.get_ref()
    }

    /// What a build is held to: what has been reached and the allowed growth, never more than the limit.
    pub fn tightest(&self) -> Size {
        self.ratchet().plus(self.growth).min(self.limit())
    }

    /// How much of it something of `bytes` bytes takes, such as `97.6 % of 120 KB`.
    pub fn share(&self, bytes: usize) -> String {
        let allowed = self.tightest();
        format!("{:.1} % of {allowed}", bytes as f64 * 100.0 / allowed.bytes().max(1) as f64)
    }
}

impl Budget {
    /// Reads the project's own budget file.
    ///
    /// # Errors
    /// As [`Budget::load`].
    pub fn of(project: &Project) -> Result<Self> {
        Self::read("size-budget.toml", &project.root.join("size-budget.toml"))
    }

    /// Reads a budget file, named in messages as the user named it.
    ///
    /// # Errors
    /// The file can't be read; or it holds an unknown key, a size without unit or below zero, or a ratchet above its
    /// limit: with the line.
    pub fn load(path: &Path) -> Result<Self> {
        Self::read(&path.display().to_string(), path)
    }

    fn read(name: &str, path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| {
            format!("could not read the size budget `{name}`: `--budget FILE` names another")
        })?;
        Self::parse(name.to_owned(), text)
    }

    fn parse(name: String, text: String) -> Result<Self> {
        let file: File = toml::from_str(&text)
            .map_err(|error| anyhow!("`{name}` is not a size budget\n{}", error.to_string().trim_end()))?;
        let budget = Self { name, text, rows: file.artifact };
        for (artifact, row) in &budget.rows {
            for (form, bounds) in [("raw", &row.raw), ("gzip", &row.gzip)] {
                if bounds.ratchet.get_ref() > bounds.limit.get_ref() {
                    let place = budget.place(bounds.ratchet.span());
                    bail!(
                        "{place}: the {form} ratchet of `{artifact}` is above its limit, so it could never hold"
                    );
                }
            }
        }
        Ok(budget)
    }

    /// The row of the artifact of this name.
    pub fn row(&self, artifact: &str) -> Option<&Row> {
        self.rows.get(artifact)
    }

    /// All rows, by artifact.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &Row)> {
        self.rows.iter().map(|(name, row)| (name.as_str(), row))
    }

    /// Holds what was measured against the rows.
    ///
    /// `made` is what this run made, by file name; `shipped` is every name that the commands can make. A run that makes one
    /// artifact alone is not asked for the others, but a row that no command ever fills is a mistake.
    ///
    /// # Errors
    /// One that lists everything that does not hold.
    pub fn check(&self, made: &[(&str, Measured)], shipped: &[&str]) -> Result<()> {
        let mut failures = Vec::new();
        for &(artifact, measured) in made {
            match self.row(artifact) {
                Some(row) => self.check_row(artifact, row, measured, &mut failures),
                None => failures.push(format!(
                    "{}: `{artifact}` has no row: nothing ships without a budget, so add [artifact.\"{artifact}\"]",
                    self.name
                )),
            }
        }
        for artifact in self.rows.keys().filter(|row| !shipped.contains(&row.as_str())) {
            failures.push(format!(
                "{}: `{artifact}` has a row, but no command makes it: take the row away",
                self.name
            ));
        }
        if failures.is_empty() {
            Ok(())
        } else {
            bail!("the size budget does not hold\n{}", failures.join("\n"))
        }
    }

    fn check_row(&self, artifact: &str, row: &Row, measured: Measured, failures: &mut Vec<String>) {
        for (form, bounds, bytes) in [("raw", &row.raw, measured.raw), ("gzip -9", &row.gzip, measured.gzip)]
        {
            if bytes <= bounds.tightest().bytes() {
                continue;
            }
            let over_limit = bytes > bounds.limit().bytes();
            let (kind, bound) =
                if over_limit { ("limit", &bounds.limit) } else { ("ratchet", &bounds.ratchet) };
            let reached = bound.get_ref().bytes();
            let growth = bounds.growth.bytes();
            let allowance = if over_limit || growth == 0 {
                String::new()
            } else {
                format!(", and may grow by {} unasked", grouped(growth))
            };
            failures.push(format!(
                "{}: `{artifact}` is {} bytes {form}, {} over its {kind} of {} bytes{allowance}",
                self.place(bound.span()),
                grouped(bytes),
                grouped(bytes - reached),
                grouped(reached),
            ));
        }
    }

    /// `file:line` of a place in the text.
    fn place(&self, span: Range<usize>) -> String {
        let line = self.text[..span.start].bytes().filter(|&byte| byte == b'\n').count() + 1;
        format!("{}:{line}", self.name)
    }
}

#[cfg(test)]
mod tests;
