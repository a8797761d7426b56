//! The cases of images, a file for each group.

mod access;
mod component;
mod deploy;
mod dockerfile;
mod failures;
mod push;
mod run;

use anyhow::Result;

use super::context::ImageContext;
use crate::harness::case::{self, cases};

/// A case about images, or about the command that makes them.
pub(super) type Case = case::Case<fn(&ImageContext<'_>) -> Result<()>>;

/// Returns the cases of `smoke docker`, in the order in which they begin.
pub(super) fn of_images() -> Vec<Case> {
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

/// Returns the cases of `smoke dockerfile`.
pub(super) fn of_dockerfile() -> Vec<Case> {
    dockerfile::CASES.to_vec()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_of_cases_are_unique() {
        let all = [of_images(), of_dockerfile()].concat();
        let names: BTreeSet<&str> = all.iter().map(|case| case.name).collect();
        assert_eq!(names.len(), all.len());
    }
}
