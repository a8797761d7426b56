//! The cases of images, a file for each group.

mod access;
mod component;
mod deploy;
mod failures;
mod push;
mod run;

use anyhow::Result;

use super::context::ImageContext;
use crate::harness::case::{self, cases};

/// A case about images, or about the command that makes them.
pub(super) type Case = case::Case<fn(&ImageContext<'_>) -> Result<()>>;

/// Returns all cases, in the order in which they begin.
pub(super) fn all() -> Vec<Case> {
    [
        push::CASES,
        run::CASES,
        failures::CASES,
        access::CASES,
        deploy::CASES,
        component::CASES,
    ]
    .concat()
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
