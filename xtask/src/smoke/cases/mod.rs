//! What is tried: a name and a function a case, one file a theme.

mod chat;
mod config;
mod faults;
mod program;
mod provider;
mod sessions;
mod sizes;

use anyhow::{Result, ensure};

use super::lab::Lab;

/// One thing that must hold of the shipped artifacts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    /// What must hold, as a phrase; `--only` looks for its text in here.
    pub(super) name: &'static str,
    /// Tries it. The error says what was not as it should be.
    pub(super) check: fn(&Lab<'_>) -> Result<()>,
}

/// The cases for wasmtime, in the order in which they begin.
pub(super) fn wasmtime() -> Vec<Case> {
    let themes = [
        chat::CASES,
        provider::CASES,
        faults::CASES,
        config::CASES,
        sessions::CASES,
        sizes::CASES,
        program::CASES,
    ];
    themes.concat()
}

impl Case {
    /// The cases whose name contains `only`; all of them without it, and an error that lists the names if there are none.
    pub(super) fn select(cases: Vec<Self>, only: Option<&str>) -> Result<Vec<Self>> {
        let Some(text) = only else { return Ok(cases) };
        let chosen: Vec<Self> = cases.iter().copied().filter(|case| case.name.contains(text)).collect();
        let names: Vec<&str> = cases.iter().map(|case| case.name).collect();
        ensure!(!chosen.is_empty(), "no case contains `{text}`; there are\n  {}", names.join("\n  "));
        Ok(chosen)
    }
}

/// Names and functions as cases.
macro_rules! cases {
    ($($name:literal => $check:ident,)*) => {
        /// The cases of this theme.
        pub(super) const CASES: &[$crate::smoke::cases::Case] =
            &[$($crate::smoke::cases::Case { name: $name, check: $check }),*];
    };
}
use cases;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        let cases = wasmtime();
        let names: BTreeSet<&str> = cases.iter().map(|case| case.name).collect();
        assert_eq!(names.len(), cases.len());
    }

    #[test]
    fn only_chooses_by_text() {
        let count = |only| Case::select(wasmtime(), only).unwrap().len();
        assert_eq!(count(None), wasmtime().len());
        assert_eq!(count(Some("plain text in")), 1);
        let error = Case::select(wasmtime(), Some("no such thing")).unwrap_err().to_string();
        assert!(error.starts_with("no case contains `no such thing`; there are\n  plain text in"), "{error}");
    }
}
