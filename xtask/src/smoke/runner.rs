//! Runs the cases, two at a time, and gathers what came of them.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Result;
use devkit::pool;

use super::{case::Case, outcome::excerpt, report};

/// How many cases run at once. Most of them wait more than they compute; more at once would disturb those that take time.
const AT_ONCE: usize = 2;

/// The most characters of a stream or a request that a failure shows.
pub(super) const SHOWN: usize = 2000;

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

/// The files in `folder`, such as the streams of a case's runs, as pairs of a path and a text. Folders within it are looked
/// into, but for those called `hidden`.
pub(super) fn files_in(folder: &Path, hidden: &str) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() {
            let text = String::from_utf8_lossy(&fs::read(entry.path())?).into_owned();
            files.push((name, excerpt(&text, SHOWN)));
        } else if name != hidden {
            let within = files_in(&entry.path(), hidden)?;
            files.extend(within.into_iter().map(|(inner, text)| (format!("{name}/{inner}"), text)));
        }
    }
    files.sort();
    Ok(files)
}
