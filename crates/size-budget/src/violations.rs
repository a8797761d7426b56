//! The differences between a budget and the measured artifacts, each with its cure.

use std::{collections::BTreeSet, error::Error, fmt};

use super::size::{Measured, grouped};

/// All violations of a budget.
#[derive(Clone, Debug)]
pub struct Violations {
    found: Vec<Violation>,
    /// The budget has no row at all.
    empty: bool,
}

/// A violation of a budget.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Kind, which decides the cure.
    pub kind: Kind,
    /// One line with place, artifact and sizes.
    pub message: String,
}

/// The kinds of violations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An artifact is larger than its limit, which no command changes.
    AboveLimit,
    /// An artifact is larger than the accepted size and the growth that is allowed without a reason.
    AboveRatchet,
    /// An artifact has no row.
    MissingRow {
        /// The artifact's file name.
        artifact: String,
        /// Its sizes.
        measured: Measured,
    },
    /// A row belongs to no artifact.
    ExtraRow,
}

impl Violations {
    pub(super) fn new(found: Vec<Violation>, empty: bool) -> Self {
        Self { found, empty }
    }

    /// Returns whether all of them are artifacts above their ratchet.
    pub fn only_above_ratchet(&self) -> bool {
        self.found
            .iter()
            .all(|violation| violation.kind == Kind::AboveRatchet)
    }

    /// Returns one line of advice for each kind among them. `accept` completes "make it smaller, or …" for growth
    /// that has a reason.
    pub fn cures(&self, accept: &str) -> Vec<String> {
        let missing = |violation: &Violation| matches!(violation.kind, Kind::MissingRow { .. });
        if self.empty && self.found.iter().any(missing) {
            let restore = "the budget has no rows: restore them, or add one for each file:";
            return [restore.to_owned()].into_iter().chain(self.rows()).collect();
        }
        let kinds: BTreeSet<&Kind> = self.found.iter().map(|violation| &violation.kind).collect();
        kinds.into_iter().map(|kind| kind.cure(accept)).collect()
    }

    fn rows(&self) -> Vec<String> {
        let kinds = self.found.iter().map(|violation| &violation.kind);
        kinds
            .filter_map(|kind| {
                if let Kind::MissingRow { artifact, measured } = kind {
                    Some(row(artifact, *measured))
                } else {
                    None
                }
            })
            .collect()
    }
}

/// Adds the cures to `error` if it is a violation of a budget, for artifacts whose accepted size is moved by hand.
pub fn with_cures(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<Violations>() {
        Some(violations) => {
            let cures = violations.cures("raise its ratchet in the file, with the reason in `why`");
            anyhow::anyhow!("{violations}\n\n{}", cures.join("\n"))
        }
        None => error,
    }
}

impl Kind {
    fn cure(&self, accept: &str) -> String {
        match self {
            Self::AboveLimit => {
                "make it smaller: a limit is a promise to users, and only a reviewed edit of the file raises it".to_owned()
            }
            Self::AboveRatchet => format!("make it smaller, or {accept}"),
            Self::MissingRow { artifact, measured } => {
                format!("add a row, with limits of your choice:\n{}", row(artifact, *measured))
            }
            Self::ExtraRow => "remove the row, or include the file that it is for".to_owned(),
        }
    }
}

/// Returns a row with the measured sizes as its limits and ratchets.
fn row(artifact: &str, measured: Measured) -> String {
    let bounds = |bytes: usize| {
        let bytes = grouped(bytes).replace(',', "_");
        format!("{{ limit = \"{bytes} B\", ratchet = \"{bytes} B\" }}")
    };
    // A name may have any character.
    let artifact = key(artifact);
    format!(
        "[artifact.{artifact}]\nraw = {}\ngzip = {}",
        bounds(measured.raw),
        bounds(measured.gzip)
    )
}

/// Returns a name as a key of TOML, in double quotes.
fn key(name: &str) -> String {
    let mut key = String::from('"');
    for c in name.chars() {
        match c {
            '"' | '\\' => key.extend(['\\', c]),
            c if c.is_control() => key.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => key.push(c),
        }
    }
    key.push('"');
    key
}

impl fmt::Display for Violations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the size budget does not hold")?;
        self.found
            .iter()
            .try_for_each(|violation| write!(formatter, "\n{}", violation.message))
    }
}

impl Error for Violations {}
