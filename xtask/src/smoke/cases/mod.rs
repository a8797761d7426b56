//! What is tried: a name and a function a case, one file a theme.

mod anthropic;
mod chat;
mod config;
mod endurance;
mod exports;
mod faults;
mod files;
mod hostile;
mod program;
mod provider;
#[cfg(test)]
mod reliability;
mod retries;
mod sessions;
mod sizes;
mod streams;
mod tls;

use std::thread;

use anyhow::{Context as _, Result, ensure};

use super::lab::Lab;

/// One thing that must hold of the shipped artifacts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    /// What must hold, as a phrase; `--only` looks for its text in here.
    pub(super) name: &'static str,
    /// Tries it. The error says what was not as it should be.
    pub(super) check: fn(&Lab<'_>) -> Result<()>,
    /// It takes several seconds, and what it shows of our code it need not show on every runtime.
    pub(super) long: bool,
}

/// The cases for wasmtime, in the order in which they begin.
pub(super) fn wasmtime() -> Vec<Case> {
    let themes = [
        chat::CASES,
        anthropic::CASES,
        streams::CASES,
        provider::CASES,
        retries::CASES,
        faults::CASES,
        hostile::CASES,
        config::CASES,
        sessions::CASES,
        files::CASES,
        sizes::CASES,
        program::CASES,
        endurance::CASES,
    ];
    themes.concat()
}

/// The cases for a host of our own: what only it can show, and what else has to hold over TLS.
pub(super) fn host() -> Vec<Case> {
    [tls::CASES, exports::CASES, chat::CASES, anthropic::CASES, streams::CASES].concat()
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

/// Does all of `work` at the same time; the first failure in its order is the result.
fn at_once(work: impl IntoIterator<Item = impl FnOnce() -> Result<()> + Send>) -> Result<()> {
    thread::scope(|scope| {
        let threads: Vec<_> = work.into_iter().map(|work| scope.spawn(work)).collect();
        let results: Vec<_> = threads.into_iter().map(thread::ScopedJoinHandle::join).collect();
        results.into_iter().try_for_each(|result| result.ok().context("a thread of the case panicked")?)
    })
}

/// Names and functions as cases.
macro_rules! cases {
    ($($name:literal => $check:ident,)*) => {
        $crate::smoke::cases::cases!(long: false, $($name => $check,)*);
    };
    (long: $long:literal, $($name:literal => $check:ident,)*) => {
        /// The cases of this theme.
        pub(super) const CASES: &[$crate::smoke::cases::Case] =
            &[$($crate::smoke::cases::Case { name: $name, check: $check, long: $long }),*];
    };
}
use cases;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        for cases in [wasmtime(), host()] {
            let names: BTreeSet<&str> = cases.iter().map(|case| case.name).collect();
            assert_eq!(names.len(), cases.len());
        }
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
