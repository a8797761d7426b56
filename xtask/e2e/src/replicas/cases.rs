//! The cases of replicas, a file for each group.

mod cost;
mod crash;
mod keys;
mod outage;
mod store;

use super::Check;
use crate::harness::case::{self, cases};

/// A case about replicas.
type Case = case::Case<Check>;

/// Returns all cases, in the order in which they begin.
pub(super) fn all() -> Vec<Case> {
    [
        store::CASES,
        keys::CASES,
        outage::CASES,
        crash::CASES,
        cost::CASES,
    ]
    .concat()
}
