//! The cases of `weft`, a file for each group.

mod disk;
mod foreign;
mod hostile;
mod load;
mod mcp;
mod openai;
mod page;
mod program;
mod providers;
mod shutdown;
mod terminal;
mod tools;

use anyhow::Result;

use super::context::WeftContext;
use crate::harness::case::{self, cases};

/// A case about the released binary.
pub(super) type Case = case::Case<fn(&WeftContext<'_>) -> Result<()>>;

/// Returns the cases that need only the binary for this machine, in the order in which they begin.
pub(super) fn own() -> Vec<Case> {
    [
        program::CASES,
        providers::CASES,
        openai::CASES,
        mcp::CASES,
        tools::CASES,
        terminal::CASES,
        page::CASES,
        disk::CASES,
        shutdown::CASES,
        load::CASES,
        hostile::CASES,
    ]
    .concat()
}

/// Returns all cases.
pub(super) fn all() -> Vec<Case> {
    [foreign::CASES.to_vec(), own()].concat()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_of_cases_are_unique() {
        let names: BTreeSet<&str> = all().iter().map(|case| case.name).collect();
        assert_eq!(names.len(), all().len());
    }
}
