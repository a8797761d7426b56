//! What is tried: a name and a function a case, one file a theme.

mod anthropic;
mod chat;
mod config;
mod disk;
mod endurance;
mod exports;
mod faults;
mod files;
mod hostile;
mod memory;
mod program;
mod provider;
#[cfg(test)]
mod reliability;
mod retries;
mod sessions;
mod sizes;
mod streams;
mod tls;
mod wamr;

use std::thread;

use anyhow::{Context as _, Result};

use super::{
    case::{self, cases},
    lab::Lab,
};

pub(super) use self::wamr::wamr;

/// One thing that must hold of the shipped artifacts.
pub(super) type Case = case::Case<fn(&Lab<'_>) -> Result<()>>;

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
        memory::CASES,
        config::CASES,
        sessions::CASES,
        files::CASES,
        sizes::CASES,
        program::CASES,
        disk::CASES,
        endurance::CASES,
    ];
    themes.concat()
}

/// The cases for a host of our own: what only it can show, and what else has to hold over TLS.
pub(super) fn host() -> Vec<Case> {
    [tls::CASES, exports::CASES, chat::CASES, anthropic::CASES, streams::CASES].concat()
}

/// Does all of `work` at the same time; the first failure in its order is the result.
fn at_once(work: impl IntoIterator<Item = impl FnOnce() -> Result<()> + Send>) -> Result<()> {
    thread::scope(|scope| {
        let threads: Vec<_> = work.into_iter().map(|work| scope.spawn(work)).collect();
        let results: Vec<_> = threads.into_iter().map(thread::ScopedJoinHandle::join).collect();
        results.into_iter().try_for_each(|result| result.ok().context("a thread of the case panicked")?)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        for cases in [wasmtime(), host(), wamr()] {
            let names: BTreeSet<&str> = cases.iter().map(|case| case.name).collect();
            assert_eq!(names.len(), cases.len());
        }
    }
}
