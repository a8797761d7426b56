//! The budget file, and the comparison of artifacts with it.

use std::{collections::BTreeMap, fs, ops::Range, path::Path};

use anyhow::{Context as _, Result, anyhow, bail};
use serde::Deserialize;
use toml::Spanned;

use crate::{
    size::{Measured, Size, grouped},
    violations::{Kind, Violation, Violations},
};

/// The usual name of the file.
pub const FILE: &str = "size-budget.toml";

/// The budget file, parsed.
#[derive(Debug)]
pub struct Budget {
    /// The file's name in messages.
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

/// The budget of one artifact.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Bounds of the file.
    pub raw: Bounds,
    /// The file after `gzip -9`.
    pub gzip: Bounds,
    /// The reason that was given when the ratchet was last moved.
    pub why: Option<String>,
}

/// A limit, the size reached, and the growth that is allowed without a reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    limit: Spanned<Size>,
    ratchet: Spanned<Size>,
    #[serde(default)]
    growth: Size,
}

impl Bounds {
    /// Returns the product's promise.
    pub fn limit(&self) -> Size {
        *self.limit.get_ref()
    }

    /// Returns the size reached.
    pub fn ratchet(&self) -> Size {
        *self.ratchet.get_ref()
    }

    /// Returns the bound for a build: the size reached plus the allowed growth, at most the limit.
    pub fn tightest(&self) -> Size {
        self.ratchet().plus(self.growth).min(self.limit())
    }

    /// Returns the share of the limit that `bytes` bytes take, such as `97.6 % of 120 KB`.
    pub fn share(&self, bytes: usize) -> String {
        let allowed = self.tightest();
        format!(
            "{:.1} % of {allowed}",
            bytes as f64 * 100.0 / allowed.bytes().max(1) as f64
        )
    }
}

impl Budget {
    /// Reads the budget file of the project at `root`.
    ///
    /// # Errors
    /// As [`Budget::load`].
    pub fn of(root: impl AsRef<Path>) -> Result<Self> {
        Self::read(FILE, &root.as_ref().join(FILE))
    }

    /// Reads a budget file. Messages name it as the user did.
    ///
    /// # Errors
    /// Fails if the file cannot be read; or if it holds an unknown key, a size without unit or below zero, or
    /// a ratchet above its limit: with the line.
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
        let budget = Self {
            name,
            text,
            rows: file.artifact,
        };
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

    /// Returns the row of the artifact of this name.
    pub fn row(&self, artifact: &str) -> Option<&Row> {
        self.rows.get(artifact)
    }

    /// Returns all rows, by artifact.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &Row)> {
        self.rows.iter().map(|(name, row)| (name.as_str(), row))
    }

    /// Compares measurements with the rows.
    ///
    /// `made` has the artifacts of this run, by file name; `shipped` every name that the commands can make. A
    /// run that makes one artifact does not need the others, but a row that no command ever fills is an
    /// error.
    ///
    /// # Errors
    /// Lists all [`Violations`].
    pub fn check(&self, made: &[(&str, Measured)], shipped: &[&str]) -> Result<()> {
        let mut found = Vec::new();
        for &(artifact, measured) in made {
            match self.row(artifact) {
                Some(row) => self.check_row(artifact, row, measured, &mut found),
                None => found.push(Violation {
                    kind: Kind::MissingRow {
                        artifact: artifact.to_owned(),
                        measured,
                    },
                    message: format!("{}: `{artifact}` has no row", self.name),
                }),
            }
        }
        for artifact in self.rows.keys().filter(|row| !shipped.contains(&row.as_str())) {
            let message = format!("{}: the row `{artifact}` is for none of the files", self.name);
            found.push(Violation {
                kind: Kind::ExtraRow,
                message,
            });
        }
        if found.is_empty() {
            Ok(())
        } else {
            Err(Violations::new(found, self.rows.is_empty()).into())
        }
    }

    fn check_row(&self, artifact: &str, row: &Row, measured: Measured, found: &mut Vec<Violation>) {
        for (form, bounds, bytes) in [
            ("raw", &row.raw, measured.raw),
            ("gzip -9", &row.gzip, measured.gzip),
        ] {
            if bytes <= bounds.tightest().bytes() {
                continue;
            }
            let over_limit = bytes > bounds.limit().bytes();
            let (kind, name, bound) = match over_limit {
                true => (Kind::AboveLimit, "limit", &bounds.limit),
                false => (Kind::AboveRatchet, "ratchet", &bounds.ratchet),
            };
            let reached = bound.get_ref().bytes();
            let growth = bounds.growth.bytes();
            let allowance = if over_limit || growth == 0 {
                String::new()
            } else {
                format!(", and may grow by {} unasked", grouped(growth))
            };
            let message = format!(
                "{}: `{artifact}` is {} bytes {form}, {} over its {name} of {} bytes{allowance}",
                self.place(bound.span()),
                grouped(bytes),
                grouped(bytes - reached),
                grouped(reached),
            );
            found.push(Violation { kind, message });
        }
    }

    /// Returns `file:line` of a position in the text.
    fn place(&self, span: Range<usize>) -> String {
        let before = self.text.bytes().take(span.start);
        let line = before.filter(|&byte| byte == b'\n').count() + 1;
        format!("{}:{line}", self.name)
    }
}

#[cfg(test)]
mod tests;
