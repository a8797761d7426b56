//! Chooses [`case`]s and makes trials of them.

pub(crate) mod case;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use anyhow::{Result, ensure};
use clap::Parser;
use flags::{Smoke, values::Releases};
use libtest_mimic::{Arguments, Failed, Trial};

use self::case::Case;
use crate::report::{self, Failure};

/// The command line of a test target: libtest's flags, and ours.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    #[command(flatten)]
    arguments: Arguments,
    /// More filters: a case runs if its name contains any of them
    #[arg(value_name = "FILTER")]
    more: Vec<String>,
    /// The release of wasmtime, such as 42, or `all` that xtask/data/tools.toml has [default: the newest]
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<Releases>,
    /// Repeat one answer of the hostile server: the seed that a failure named
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
    /// Keep the directories that the cases ran in, and print their paths
    #[arg(long)]
    pub(crate) keep: bool,
}

impl Options {
    /// Returns the options for `flags` of `cargo xtask smoke`.
    pub(crate) fn of(flags: &Smoke) -> Self {
        let more = flags.only.iter().chain(&flags.filters).cloned().collect();
        let arguments = Arguments {
            list: flags.list,
            ..Arguments::default()
        };
        Self {
            arguments,
            more,
            version: flags.version,
            seed: flags.seed,
            keep: flags.keep,
        }
    }

    /// Returns whether the cases are only to be listed.
    pub(crate) fn list(&self) -> bool {
        self.arguments.list
    }

    /// Returns the cases that the filters choose, by their `name`; fails with a list of all names if there are
    /// none.
    pub(crate) fn choose<T>(&self, mut cases: Vec<T>, name: impl Fn(&T) -> &str) -> Result<Vec<T>> {
        let names: Vec<String> = cases.iter().map(|case| name(case).to_owned()).collect();
        let filters: Vec<&String> = self.arguments.filter.iter().chain(&self.more).collect();
        let fits = |name: &str, text: &str| {
            if self.arguments.exact {
                name == text
            } else {
                name.contains(text)
            }
        };
        cases.retain(|case| filters.is_empty() || filters.iter().any(|text| fits(name(case), text)));
        let skip = &self.arguments.skip;
        cases.retain(|case| !skip.iter().any(|text| fits(name(case), text)));
        let texts: Vec<&str> = filters.iter().map(|text| text.as_str()).collect();
        ensure!(
            !cases.is_empty() || self.list(),
            "no case contains `{}`; there are\n  {}",
            texts.join("` or `"),
            names.join("\n  ")
        );
        Ok(cases)
    }

    /// Makes libtest write its lines into the file at `path`.
    pub(crate) fn write_to(&mut self, path: &Path) {
        self.arguments.logfile = Some(path.display().to_string());
    }

    /// Returns libtest's arguments for the trials of chosen cases, `at_once` of them unless `--test-threads` sets
    /// another number.
    pub(crate) fn for_trials(&mut self, at_once: usize) -> &Arguments {
        self.arguments.filter = None;
        self.arguments.skip.clear();
        self.arguments.test_threads.get_or_insert(at_once);
        &self.arguments
    }
}

/// The results of cases as they end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    /// Whether a line is printed for each case.
    lines: bool,
    failures: Arc<Mutex<Vec<(String, String)>>>,
}

impl Log {
    /// Returns a log that prints a line for each case that ends.
    pub(crate) fn with_lines() -> Self {
        Self {
            lines: true,
            ..Self::default()
        }
    }

    /// Returns the names of the cases that failed, each with a description.
    pub(crate) fn failures(&self) -> Vec<(String, String)> {
        self.failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Makes a trial, called `name`, of a function that runs one case.
    pub(crate) fn trial(
        &self,
        name: String,
        attempt: impl FnOnce() -> Result<(), Failure> + Send + 'static,
    ) -> Trial {
        let log = self.clone();
        Trial::test(name.clone(), move || {
            let start = Instant::now();
            let failure = attempt().err();
            if log.lines {
                report::line(&name, start.elapsed(), failure.is_some());
            }
            let Some(failure) = failure else { return Ok(()) };
            let text = report::describe(&failure);
            log.failures
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((name, text.clone()));
            Err(Failed::from(text))
        })
    }
}

/// Makes trials of cases that are only listed.
pub(crate) fn listed(names: impl Iterator<Item = impl Into<String>>) -> Vec<Trial> {
    names
        .map(|name| Trial::test(name, || Err("this case is only listed".into())))
        .collect()
}

/// Returns the name of a case.
pub(crate) fn name<C>(case: &Case<C>) -> &str {
    case.name
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    const NAMES: [&str; 4] = [
        "chat::plain_text_in",
        "chat::plain_text_out",
        "files::an_error",
        "small::chat::x",
    ];

    fn chosen(words: &[&str]) -> Result<Vec<&'static str>> {
        let options = Options::parse_from(["target"].iter().chain(words));
        options.choose(NAMES.to_vec(), |name| name)
    }

    #[test]
    fn takes_flags_of_libtest_and_ours() {
        Options::command().debug_assert();
        let words = [
            "target",
            "chat::",
            "--exact",
            "--test-threads",
            "4",
            "--seed",
            "7",
            "--nocapture",
        ];
        let options = Options::parse_from(words);
        assert_eq!((options.seed, options.arguments.test_threads), (Some(7), Some(4)));
    }

    #[test]
    fn chooses_cases_as_libtest_does() {
        assert_eq!(chosen(&[]).unwrap(), NAMES);
        assert_eq!(chosen(&["chat::plain"]).unwrap(), NAMES[..2]);
        assert_eq!(
            chosen(&["plain_text_in", "an_error"]).unwrap(),
            [NAMES[0], NAMES[2]]
        );
        assert_eq!(chosen(&["--exact", "files::an_error"]).unwrap(), [NAMES[2]]);
        assert_eq!(
            chosen(&["chat", "--skip", "small", "--skip", "_in"]).unwrap(),
            [NAMES[1]]
        );
    }

    #[test]
    fn filter_that_chooses_nothing_is_an_error() {
        let error = chosen(&["no such thing"]).unwrap_err().to_string();
        assert!(
            error.starts_with("no case contains `no such thing`; there are\n  chat::plain_text_in"),
            "{error}"
        );
        assert!(chosen(&["--exact", "chat"]).is_err());
        assert!(chosen(&["--list", "no such thing"]).unwrap().is_empty());
    }

    #[test]
    fn failure_is_kept_with_its_description() {
        let log = Log::default();
        let trials = vec![
            log.trial("a::case_that_passes".to_owned(), || Ok(())),
            log.trial("a::case_that_fails".to_owned(), || {
                Err(anyhow::anyhow!("exit code 2").into())
            }),
        ];
        let hidden = tempfile::NamedTempFile::new().unwrap();
        let mut options = Options::parse_from(["target"]);
        options.write_to(hidden.path());
        let conclusion = libtest_mimic::run(options.for_trials(2), trials);
        assert_eq!((conclusion.num_passed, conclusion.num_failed), (1, 1));
        let failures = log.failures();
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0].0, "a::case_that_fails");
        assert!(failures[0].1.contains("exit code 2"));
    }
}
