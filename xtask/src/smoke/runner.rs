//! Runs the cases, two at a time, and gathers what came of them.

use std::time::{Duration, Instant};

use devkit::pool;

use super::{case::Case, report};

/// How many cases run at once. Most of them wait more than they compute; more at once would disturb those that take time.
const AT_ONCE: usize = 2;

/// What came of a case.
#[derive(Debug)]
pub(super) struct CaseResult {
    /// The case's name.
    pub(super) name: &'static str,
    /// Wall time.
    pub(super) wall: Duration,
    /// Why it failed, if it did.
    pub(super) failure: Option<Failure>,
}

/// A case that failed.
#[derive(Debug)]
pub(super) struct Failure {
    /// What was not as it should be.
    pub(super) error: anyhow::Error,
    /// What there was to see, as pairs of a title and a text: the streams of every run, the requests received.
    pub(super) seen: Vec<(String, String)>,
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { error, seen: Vec::new() }
    }
}

/// Tries all `cases`; none keeps another from being tried. Results are in the order of the cases.
pub(super) fn run<C: Sync>(
    cases: &[Case<C>],
    attempt: impl Fn(&Case<C>) -> Result<(), Failure> + Sync,
) -> Vec<CaseResult> {
    pool::run(cases, AT_ONCE, |case| {
        let start = Instant::now();
        let failure = attempt(case).err();
        let result = CaseResult { name: case.name, wall: start.elapsed(), failure };
        report::line(&result);
        result
    })
}
