//! Runs the cases, two at a time, and gathers what came of them.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Result;

use super::{
    bench::Bench,
    cases::Case,
    lab::{GRANTED, Lab},
    outcome::excerpt,
    report,
};
use crate::pool;

/// How many cases run at once. Most of them wait more than they compute; more at once would disturb those that take time.
const AT_ONCE: usize = 2;

/// The most characters of a stream or a request that a failure shows.
const SHOWN: usize = 2000;

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

/// Runs all `cases`; none keeps another from running. Results are in the order of the cases.
pub(super) fn run(cases: &[Case], bench: &Bench) -> Vec<CaseResult> {
    pool::run(cases, AT_ONCE, |case| {
        let result = run_one(case, bench);
        report::line(&result);
        result
    })
}

fn run_one(case: &Case, bench: &Bench) -> CaseResult {
    let start = Instant::now();
    let failure = match Lab::new(bench, case.name) {
        Err(error) => Some(Failure { error, seen: Vec::new() }),
        Ok(lab) => (case.check)(&lab).err().map(|error| Failure { error, seen: seen(&lab) }),
    };
    let on = || format!("on wasmtime {}", bench.wasmtime.version);
    let failure = failure.map(|failure| Failure { error: failure.error.context(on()), ..failure });
    CaseResult { name: case.name, wall: start.elapsed(), failure }
}

/// What there is to see of a case that failed. What cannot be read is not worth a second error.
fn seen(lab: &Lab<'_>) -> Vec<(String, String)> {
    let mut seen = streams_of(&lab.folder).unwrap_or_default();
    for request in lab.requests().unwrap_or_default() {
        seen.push((format!("received: {} {}", request.method, request.path), excerpt(&request.body, SHOWN)));
    }
    seen
}

/// The streams of the runs in `folder` and, where the case made places within it, in these.
fn streams_of(folder: &Path) -> Result<Vec<(String, String)>> {
    let mut streams = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() {
            let text = String::from_utf8_lossy(&fs::read(entry.path())?).into_owned();
            streams.push((name, excerpt(&text, SHOWN)));
        } else if name != GRANTED {
            let within = streams_of(&entry.path())?;
            streams.extend(within.into_iter().map(|(inner, text)| (format!("{name}/{inner}"), text)));
        }
    }
    streams.sort();
    Ok(streams)
}
